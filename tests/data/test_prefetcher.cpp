#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <plumb/data/internal/prefetcher.hpp>
#include <stdexcept>
#include <thread>

using namespace plumb;
using data::detail::Prefetcher;

TEST_CASE("Prefetcher: threads make at most `depth` batches ahead") {
  std::atomic<std::int64_t> made{0};
  Prefetcher prefetcher(3, 4, 10, 30, [&](std::int64_t number) {
    ++made;
    return data::Batch{Tensor::scalar(static_cast<double>(number), DType::int64), {}};
  });
  for (std::int64_t number = 10; number < 30; ++number) {
    if (number == 15) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    CHECK(made <= number - 10 + 4);
    CHECK(prefetcher.next().x.item<std::int64_t>() == number);
  }
  CHECK(made == 20);
}

TEST_CASE("Prefetcher: threads deliver what precedes a failure, then the failure") {
  Prefetcher prefetcher(4, 8, 0, 1000000, [](std::int64_t number) {
    if (number >= 20) throw std::runtime_error("batch " + std::to_string(number));
    return data::Batch{Tensor::scalar(static_cast<double>(number)), {}};
  });
  for (int number = 0; number < 20; ++number) CHECK(prefetcher.next().x.item() == number);
  CHECK_THROWS_WITH_AS(prefetcher.next(), "batch 20", std::runtime_error);
}
