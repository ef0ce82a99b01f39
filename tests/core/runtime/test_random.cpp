#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <plumb/core/io/state_dict.hpp>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/random.hpp>
#include <utility>

#include "../../support/errors.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::error_of;

// Known answers of the authors' Random123 library for Philox4x32-10.
TEST_CASE("philox: known answers") {
  CHECK(philox(0, 0, 0) ==
        std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const std::uint64_t ones = UINT64_MAX;
  CHECK(philox(ones, ones, ones) ==
        std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e) ==
        std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("Generator: a seed, a stream and a position are the whole state") {
  Generator a(42, Stream::shuffle);
  a.next();
  a.uniform();
  Generator b(42, Stream::shuffle);
  b.set_position(a.position());
  CHECK(a.next() == b.next());
  Generator copy = a;
  CHECK(copy.normal() == a.normal());
  CHECK(Generator(42, Stream::init).next() != Generator(42, Stream::shuffle).next());
  CHECK(Generator(42).next() != Generator(43).next());
}

TEST_CASE("Generator: forks differ from one another and from their origin") {
  Generator origin(7);
  Generator first = origin.fork();
  Generator second = origin.fork();
  const std::uint64_t x = first.next(), y = second.next(), z = origin.next();
  CHECK(x != y);
  CHECK(y != z);
  CHECK(x != z);
}

TEST_CASE("Generator: a fork stays in its stream") {
  Generator origin(7, Stream::dropout);
  Generator first = origin.fork(), second = origin.fork();
  CHECK(first.stream() == static_cast<std::uint64_t>(Stream::dropout));
  CHECK(first.seed() == 0xd9d7eb45f123d759);
  CHECK(first.position() == 0);
  CHECK(origin.position() == 2);
  // Of an implementation of Philox in Python.
  CHECK(first.next() == 14913587331399361745u);
  CHECK(second.next() == 4243961178800518238u);
  CHECK(origin.next() == 13504922317253125493u);
}

TEST_CASE("Generator: uniform and normal values have their moments") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    Tensor x = Tensor::empty({100'001}, dtype);
    const double n = 100'001;
    const auto moments = [&] {
      double mean = 0, square = 0;
      const Tensor y = x.to(DType::float64);
      for (std::int64_t i = 0; i < y.numel(); ++i) {
        mean += y.data<double>()[i] / n;
        square += y.data<double>()[i] * y.data<double>()[i] / n;
      }
      return std::pair(mean, square - mean * mean);
    };
    Generator generator(1);
    generator.fill_uniform(x, -1, 3);
    const auto [mean, variance] = moments();
    CHECK(std::abs(mean - 1) < 5 * std::sqrt(16. / 12 / n));
    CHECK(std::abs(variance - 16. / 12) < 0.02);
    const Tensor y = x.to(DType::float64);
    const double* data = y.data<double>();
    CHECK(*std::min_element(data, data + y.numel()) >= -1);
    CHECK(*std::max_element(data, data + y.numel()) < 3);

    generator.fill_normal(x, 2, 0.5);
    const auto [normal_mean, normal_variance] = moments();
    CHECK(std::abs(normal_mean - 2) < 5 * 0.5 / std::sqrt(n));
    CHECK(std::abs(normal_variance - 0.25) < 5 * 0.25 * std::sqrt(2 / n));
  }
}

TEST_CASE("Generator: the same values for any number of threads") {
  std::vector<float> first;
  for (const int threads : test::thread_counts()) {
    const test::Threads scope(threads);
    Tensor x = Tensor::empty({50'003});
    Generator generator(5);
    generator.fill_normal(x);
    if (first.empty()) first = x.to_vector<float>();
    CHECK(x.to_vector<float>() == first);
    CHECK(generator.position() == 12'501);
  }
}

TEST_CASE("Generator: below is uniform and a permutation holds every number once") {
  Generator generator(3);
  std::array<int, 6> counts{};
  for (int i = 0; i < 60'000; ++i) ++counts[static_cast<std::size_t>(generator.below(6))];
  for (const int count : counts) CHECK(std::abs(count - 10'000) < 5 * 92);
  CHECK_THROWS_WITH_AS(generator.below(0), "[Generator::below] bound must be at least 1, got 0",
                       Error);

  std::vector<std::int64_t> order = generator.permutation(1000);
  std::vector<std::int64_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::int64_t> expected(1000);
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(order != expected);
  CHECK(sorted == expected);
  CHECK(generator.permutation(0).empty());
}

TEST_CASE("Generator: below rejects what would favour low values") {
  // A quarter of all 64-bit numbers lies behind the last whole run of this bound. Values of an
  // implementation of Philox in Python, with the blocks taken after each.
  constexpr std::int64_t bound = (std::int64_t{1} << 62) + 1;
  constexpr std::pair<std::int64_t, std::uint64_t> expected[] = {
      {3567686273420652868, 2},  {631107066912569358, 3},  {3038045005820497791, 5},
      {2442824302422403311, 6},  {2816088536854027498, 8}, {327149209372932249, 9},
      {2391075743144302333, 13}, {1416192276008978115, 14}};
  Generator generator(11);
  for (const auto& [value, position] : expected) {
    CHECK(generator.below(bound) == value);
    CHECK(generator.position() == position);
  }
}

TEST_CASE("Generator: integers cannot be filled") {
  Tensor x = Tensor::zeros({2}, DType::int64);
  CHECK_THROWS_WITH_AS(Generator(1).fill_uniform(x),
                       "[Generator] expected float32 or float64, got int64", Error);
}

TEST_CASE("Generator: ranges and deviations that there are not are refused, nothing is drawn") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), most = HUGE_VAL;
  Tensor x = Tensor::zeros({2});
  Generator generator(1);
  const auto uniform = [&](double low, double high) {
    return error_of([&] { generator.fill_uniform(x, low, high); });
  };
  const auto normal = [&](double mean, double deviation) {
    return error_of([&] { generator.fill_normal(x, mean, deviation); });
  };
  CHECK(uniform(2, 1) == "[Generator::fill_uniform] expected finite low <= high, got 2 and 1");
  CHECK(uniform(nan, 1) == "[Generator::fill_uniform] expected finite low <= high, got nan and 1");
  CHECK(uniform(0, nan) != "");
  CHECK(uniform(0, most) != "");
  CHECK(normal(0, -1) ==
        "[Generator::fill_normal] expected a finite mean and deviation >= 0, got 0 and -1");
  for (const double bad : {nan, most, -most}) {
    CHECK(normal(bad, 1) != "");
    CHECK(normal(0, bad) != "");
  }
  CHECK(generator.position() == 0);
  CHECK(x.to_vector<float>() == std::vector<float>{0, 0});
  generator.fill_uniform(x, 3, 3);
  CHECK(x.to_vector<float>() == std::vector<float>{3, 3});
  generator.fill_normal(x, 2, 0);
  CHECK(x.to_vector<float>() == std::vector<float>{2, 2});
}

TEST_CASE("Generator: the end of a range is never reached by rounding") {
  Tensor x = Tensor::empty({1 << 22});
  Generator generator(11);
  for (int repeat = 0; repeat < 8; ++repeat) {
    generator.fill_uniform(x, 1, 1 + 0x1p-22);
    CHECK(*std::max_element(x.data<float>(), x.data<float>() + x.numel()) < 1 + 0x1p-22f);
  }
}

TEST_CASE("Generator: its state dict brings it back") {
  Generator saved(UINT64_MAX, std::uint64_t{1} << 63);
  saved.set_position(UINT64_MAX - 1);
  const StateDict state = saved.state_dict();
  Generator other(1);
  other.load_state_dict(state);
  CHECK(other.next() == saved.next());
  CHECK(other.seed() == UINT64_MAX);
  CHECK(other.stream() == std::uint64_t{1} << 63);
  CHECK_THROWS_AS(other.load_state_dict(StateDict()), Error);
  CHECK(other.position() == saved.position());
}
