#include <doctest/doctest.h>

#include <limits>
#include <plumb/core/tensor/sliding_window.hpp>

#include "../../support/errors.hpp"

using namespace plumb;
using plumb::test::error_of;

namespace {

constexpr std::int64_t huge = std::numeric_limits<std::int64_t>::max();

std::int64_t positions(const SlidingWindow& window, std::int64_t size) {
  return window_positions("op", "h", window, {2, 3, size}, 2);
}

std::string refusal(const SlidingWindow& window) {
  return error_of([&] { check_window("op", "h", window); });
}

}  // namespace

TEST_CASE("sliding window: positions are those at which all of it lies on the padded axis") {
  for (std::int64_t size = 1; size <= 12; ++size)
    for (std::int64_t kernel = 1; kernel <= 5; ++kernel)
      for (std::int64_t stride = 1; stride <= 4; ++stride)
        for (std::int64_t padding = 0; padding <= kernel / 2; ++padding)
          for (std::int64_t dilation = 1; dilation <= 3; ++dilation) {
            std::int64_t count = 0;
            for (std::int64_t at = 0; at + dilation * (kernel - 1) < size + 2 * padding;
                 at += stride)
              ++count;
            const SlidingWindow window{kernel, stride, padding, dilation};
            CHECK(refusal(window) == "");
            if (count > 0) {
              CHECK(positions(window, size) == count);
            } else {
              CHECK_THROWS_AS(positions(window, size), Error);
            }
          }
}

TEST_CASE("sliding window: sizes that make none are named") {
  CHECK(refusal({0, 1, 0, 1}) == "[op] the kernel along h must be at least 1, got 0");
  CHECK(refusal({-3, 1, 0, 1}) == "[op] the kernel along h must be at least 1, got -3");
  CHECK(refusal({2, 0, 0, 1}) == "[op] the stride along h must be at least 1, got 0");
  CHECK(refusal({2, 1, 0, 0}) == "[op] the dilation along h must be at least 1, got 0");
  CHECK(refusal({2, 1, -1, 1}) == "[op] the padding along h must not be negative, got -1");
  CHECK(refusal({3, 1, 2, 1}) ==
        "[op] the padding along h must be at most half of the kernel 3, got 2");
}

TEST_CASE("sliding window: one that is larger than the padded input is refused, with the shape") {
  CHECK(error_of([] {
          positions({5, 1, 0, 1}, 4);
        }) ==
        "[op] the kernel is larger than the padded input along h: kernel 5, dilation 1, padding 0, "
        "input [2, 3, 4]");
  CHECK(error_of([] {
          positions({3, 1, 1, 4}, 6);
        }) ==
        "[op] the kernel is larger than the padded input along h: kernel 3, dilation 4, padding 1, "
        "input [2, 3, 6]");
  CHECK(error_of([] {
          positions({2, 1, 1, 1}, 0);
        }) == "[op] the input has no elements along h: [2, 3, 0]");
}

TEST_CASE("sliding window: sizes near the largest integer do not overflow") {
  CHECK_THROWS_AS(positions({huge, 1, 0, 1}, 9), Error);
  CHECK_THROWS_AS(positions({huge, 1, 0, huge}, 9), Error);
  CHECK_THROWS_AS(positions({2, 1, 1, huge}, 9), Error);
  CHECK(positions({1, 1, 0, huge}, 9) == 9);
  CHECK(positions({2, huge, 1, 1}, 9) == 1);
  CHECK(positions({huge, 1, huge / 2, 1}, 9) == 9);
  CHECK(positions({huge, 1, huge / 2, 1}, huge) == huge);
}

TEST_CASE("sliding window: with CeilMode::yes one more may hang over, if it begins in time") {
  const auto count = [](const SlidingWindow& window, std::int64_t size) {
    return window_positions("op", "h", window, {size}, 0, CeilMode::yes);
  };
  for (std::int64_t size = 1; size <= 12; ++size)
    for (std::int64_t kernel = 1; kernel <= 5; ++kernel)
      for (std::int64_t stride = 1; stride <= 4; ++stride)
        for (std::int64_t padding = 0; padding <= kernel / 2; ++padding)
          for (std::int64_t dilation = 1; dilation <= 3; ++dilation) {
            const SlidingWindow window{kernel, stride, padding, dilation};
            CAPTURE(size);
            CAPTURE(padding);
            CAPTURE(kernel);
            // The last tap may stand behind the end by less than a stride.
            std::int64_t expected = 0;
            for (std::int64_t at = 0;
                 at + dilation * (kernel - 1) < size + 2 * padding + stride - 1; at += stride)
              if (at < size + padding) ++expected;
            if (expected > 0) {
              CHECK(count(window, size) == expected);
            } else {
              CHECK_THROWS_AS(count(window, size), Error);
            }
          }
  CHECK(count({2, huge, 1, 1}, 9) == 1);
  CHECK(count({huge, huge, 0, 1}, 9) == 1);
  CHECK(count({huge, 1, huge / 2, 1}, huge) == huge);
  CHECK_THROWS_AS(count({huge, huge, 0, huge}, 9), Error);
}
