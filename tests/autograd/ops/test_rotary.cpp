#include <doctest/doctest.h>

#include <cmath>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/rotary.hpp>

#include "../../support/errors.hpp"
#include "../../support/random.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::error_of;
using plumb::test::normal;

TEST_CASE("rotary: products depend on the distance between steps alone") {
  const Tensor angles = rotary_angles(20, 6, 100, DType::float64);
  const Tensor q = normal({6}, DType::float64, 1), k = normal({6}, DType::float64, 2);
  for (const RotaryLayout layout : {RotaryLayout::halves, RotaryLayout::interleaved}) {
    // The same vector at every step.
    const auto turned = [&](const Tensor& x) {
      Tensor all = Tensor::empty({20, 6}, DType::float64);
      for (std::int64_t step = 0; step < 20; ++step)
        all.rows(step, step + 1).copy_from(x.reshape({1, 6}));
      return rotary(all, angles, layout).value();
    };
    const Tensor a = turned(q), b = turned(k);
    const auto product = [&](std::int64_t i, std::int64_t j) {
      double sum = 0;
      for (std::int64_t c = 0; c < 6; ++c) sum += a.at({i, c}) * b.at({j, c});
      return sum;
    };
    for (std::int64_t i = 0; i + 5 < 20; ++i) {
      CHECK(product(i, i) == doctest::Approx(product(0, 0)).epsilon(1e-12));
      CHECK(product(i + 5, i) == doctest::Approx(product(5, 0)).epsilon(1e-12));
    }
    CHECK(std::abs(product(5, 0) - product(0, 0)) > 0.01);
  }
}

TEST_CASE("rotary: one head by hand, in both layouts") {
  const Tensor x = Tensor::from({1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0}, {2, 4});
  const Tensor angles = rotary_angles(2, 4, 10000, DType::float64);
  const double c = std::cos(1.0), s = std::sin(1.0), d = std::cos(0.01), t = std::sin(0.01);
  const auto check = [](const Tensor& y, std::initializer_list<double> expected) {
    std::int64_t i = 0;
    for (const double value : expected)
      CHECK(y.at({1, i++}) == doctest::Approx(value).epsilon(1e-14));
  };
  const Tensor halves = rotary(x, angles, RotaryLayout::halves).value();
  check(halves, {c - 3 * s, 2 * d - 4 * t, s + 3 * c, 2 * t + 4 * d});
  CHECK(halves.at({0, 3}) == 4);
  check(rotary(x, angles, RotaryLayout::interleaved).value(),
        {c - 2 * s, s + 2 * c, 3 * d - 4 * t, 3 * t + 4 * d});
}

TEST_CASE("rotary: the same bits for any number of threads") {
  const Tensor x = normal({30, 40, 64}, DType::float32), angles = rotary_angles(40, 16);
  std::vector<float> first;
  for (const int threads : test::thread_counts()) {
    const test::Threads scope(threads);
    const std::vector<float> y = rotary(x, angles).value().to_vector<float>();
    if (first.empty()) first = y;
    CHECK(y == first);
  }
}

TEST_CASE("rotary: gradients add up where x is used twice") {
  const Tensor angles = rotary_angles(3, 2, 10000, DType::float64), seed = normal({3, 4});
  const Variable once = Variable::leaf(normal({3, 4})), twice = Variable::leaf(normal({3, 4}));
  rotary(once, angles).backward(seed);
  for (int i = 0; i < 2; ++i) rotary(twice, angles).backward(seed);
  for (std::int64_t i = 0; i < 12; ++i)
    CHECK(twice.grad().at({i / 4, i % 4}) ==
          doctest::Approx(2 * once.grad().at({i / 4, i % 4})).epsilon(1e-14));
}

TEST_CASE("rotary: errors name what does not fit") {
  const Tensor angles = rotary_angles(3, 4);
  CHECK(error_of([] { rotary_angles(3, 5); }) ==
        "[rotary_angles] expected steps >= 0 and an even size, got 3 and 5");
  CHECK(error_of([] { rotary_angles(3, 4, 0); }) ==
        "[rotary_angles] base must be in (0, inf), got 0");
  CHECK(error_of([&] {
          rotary(Tensor::zeros({4, 4}), angles);
        }) == "[rotary] there are angles for 3 steps, got [4, 4]");
  CHECK(error_of([&] {
          rotary(Tensor::zeros({3, 6}), angles);
        }) == "[rotary] 6 columns of [3, 6] are no heads of 4");
  CHECK(error_of([&] {
          rotary(Tensor::zeros({3, 4}, DType::float64), angles);
        }) == "[rotary] expected angles [2, steps, d / 2] of float64, got [2, 3, 2] of float32");
  CHECK(error_of([&] { rotary(Tensor::zeros({4}), angles); }) ==
        "[rotary] expected [..., steps, columns], got [4]");
}
