#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/interpolate.hpp>
#include <plumb/core/tensor/hash.hpp>

#include "../../support/errors.hpp"
#include "../../support/random.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::error_of;
using plumb::test::normal;
using plumb::test::Threads;

namespace {

constexpr InterpolateOptions between = {Interpolation::linear};
constexpr InterpolateOptions corners = {Interpolation::linear, AlignCorners::yes};

Tensor signal(const std::vector<double>& values) {
  return Tensor::from(values, {1, 1, static_cast<std::int64_t>(values.size())});
}

}  // namespace

TEST_CASE("interpolate: nearest, linear and linear from corner to corner") {
  const Tensor x = signal({0, 4, 8});
  CHECK(interpolate(x, 6).to_vector<double>() == std::vector<double>{0, 0, 4, 4, 8, 8});
  CHECK(interpolate(x, 2).to_vector<double>() == std::vector<double>{0, 4});
  CHECK(interpolate(x, 6, between).to_vector<double>() == std::vector<double>{0, 1, 3, 5, 7, 8});
  CHECK(interpolate(x, 5, corners).to_vector<double>() == std::vector<double>{0, 2, 4, 6, 8});
  CHECK(interpolate(x, 1, corners).to_vector<double>() == std::vector<double>{0});
  CHECK(interpolate(x, 1, between).to_vector<double>() == std::vector<double>{4});
  CHECK(upsample(x, 2).to_vector<double>() == interpolate(x, 6).to_vector<double>());
  const Tensor image = Tensor::arange(4, DType::float64).reshape({1, 1, 2, 2});
  CHECK(upsample(image, {1, 2}).to_vector<double>() == std::vector<double>{0, 0, 1, 1, 2, 2, 3, 3});
  CHECK(interpolate(image, 3, corners).to_vector<double>() ==
        std::vector<double>{0, 0.5, 1, 1, 1.5, 2, 2, 2.5, 3});
}

TEST_CASE("interpolate: gradcheck") {
  for (const InterpolateOptions& options : {InterpolateOptions{}, between, corners}) {
    const auto resized = [&](const Size2d& size) {
      return [&options, size](const std::vector<Variable>& in) {
        return interpolate(in[0], size, options);
      };
    };
    for (const Size2d& size : {Size2d(5, 8), Size2d(2, 3), Size2d(1, 7), Size2d(4, 5)})
      gradcheck(resized(size), {normal({2, 1, 4, 5})});
    for (const std::int64_t size : {1, 3, 9}) gradcheck(resized(size), {normal({1, 2, 4})});
    gradcheck(resized(3), {normal({1, 1, 1, 1})});
  }
}

TEST_CASE("interpolate: nearest copies any element type") {
  const Tensor bytes = Tensor::from<std::uint8_t>({7, 9}, {1, 1, 2});
  CHECK(upsample(bytes, 2).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{7, 7, 9, 9});
  CHECK(error_of([&] { upsample(bytes, 2, between); }) ==
        "[upsample] linear takes float32 or float64, got uint8");
}

TEST_CASE("interpolate: what has no share is not looked at, whatever it is") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  CHECK(interpolate(signal({1, inf, 2}), 3, between).to_vector<double>() ==
        std::vector<double>{1, inf, 2});
  const std::vector<double> y =
      interpolate(signal({1, std::nan(""), 2, 3}), 7, corners).to_vector<double>();
  CHECK(y[0] == 1);
  for (const std::size_t i : {1, 2, 3}) CHECK(std::isnan(y[i]));
  CHECK(std::vector<double>(y.begin() + 4, y.end()) == std::vector<double>{2, 2.5, 3});
  const Variable x = Variable::leaf(signal({1, 2, 3}));
  interpolate(x, 5, corners).backward(signal({0, 0, inf, 0, 1}));
  CHECK(x.grad().to_vector<double>() == std::vector<double>{0, inf, 1});
}

TEST_CASE("interpolate: no images and no channels give empty results") {
  for (const InterpolateOptions& options : {InterpolateOptions{}, between}) {
    const Variable x = Variable::leaf(Tensor::zeros({0, 3, 4, 4}));
    const Variable y = interpolate(x, {2, 9}, options);
    CHECK(y.shape() == Shape{0, 3, 2, 9});
    y.backward(Tensor::zeros(y.shape()));
    CHECK(x.grad().shape() == x.shape());
    CHECK(interpolate(Tensor::zeros({2, 0, 4}), 2'000'000'000, options).shape() ==
          Shape{2, 0, 2'000'000'000});
  }
}

TEST_CASE("interpolate: the same bits for any number of threads") {
  const Tensor x = normal({3, 5, 37, 41}, DType::float32);
  const auto fingerprint = [&](int threads) {
    const Threads scope(threads);
    std::uint64_t result = 0;
    for (const InterpolateOptions& options : {InterpolateOptions{}, between, corners}) {
      const Variable leaf = Variable::leaf(x);
      const Variable y = interpolate(leaf, {80, 90}, options);
      y.backward(y.value());
      result = hash(leaf.grad(), hash(y.value(), result));
    }
    return result;
  };
  const std::uint64_t expected = fingerprint(1);
  for (const int threads : test::more_threads()) CHECK(fingerprint(threads) == expected);
}

TEST_CASE("interpolate: inputs, sizes and options that do not fit are refused") {
  const Tensor x = Tensor::zeros({1, 2, 3, 4}), line = Tensor::zeros({1, 2, 3});
  CHECK(error_of([&] {
          interpolate(Tensor::zeros({3, 4}), 2);
        }) == "[interpolate] expected input [n, c, l] or [n, c, h, w], got [3, 4]");
  CHECK(error_of([&] {
          interpolate(Tensor::zeros({1, 1, 0, 4}), 2);
        }) == "[interpolate] expected sizes in [1, 2^31) behind n and c, got [1, 1, 0, 4]");
  CHECK(error_of([&] {
          interpolate(x, {2, 0});
        }) == "[interpolate] the size must be in [1, 2^31), got [2, 0]");
  CHECK(error_of([&] { upsample(x, -1); }) ==
        "[upsample] the factor must be in [1, 2^31), got [-1, -1]");
  CHECK(error_of([&] { upsample(x, 2'000'000'000); }) ==
        "[upsample] the sizes of the result must be below 2^31, got [6000000000, 8000000000]");
  CHECK_THROWS_AS(interpolate(x, 2'000'000'000), Error);
  CHECK_THROWS_AS(interpolate(x, 2'000'000'000, between), Error);
  CHECK(error_of([&] {
          interpolate(line, {2, 3});
        }) == "[interpolate] a signal [1, 2, 3] takes one size, got [2, 3]");
  CHECK(error_of([&] {
          interpolate(x, 2, {Interpolation::nearest, AlignCorners::yes});
        }) == "[interpolate] align_corners is for Interpolation::linear");
}
