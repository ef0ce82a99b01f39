#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/modes.hpp>
#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/ops/reduction.hpp>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/random.hpp>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/core/tensor/operators.hpp>
#include <utility>
#include <vector>

#include "../../support/gradients.hpp"
#include "../../support/special_values.hpp"
#include "../../support/subnormals.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::infinity;
using test::distinct;
using test::gradient;

namespace {}  // namespace

TEST_CASE("norm: gradcheck of every p, over every kind of axes; where x is 0 too") {
  for (const double p : {0.7, 1., 1.5, 2., 3., 40., infinity})
    for (const Axes& axes : {Axes{}, Axes{0}, Axes{-1}, Axes{0, 2}, Axes{2, 1}})
      for (const KeepDims keep : {KeepDims::no, KeepDims::yes})
        gradcheck([&](const std::vector<Variable>& v) { return norm(v[0], axes, keep, p); },
                  {distinct({2, 3, 4}) + 0.04});
  for (const double p : {1.5, 2., 3., infinity})
    gradcheck([p](const std::vector<Variable>& v) { return norm(v[0], {}, KeepDims::no, p); },
              {Tensor::from({0., 3., -2.})});
}

TEST_CASE("prod: gradcheck with none, one and several zeros, along axes apart and side by side") {
  for (const int zeros : {1, 2, 3, 24}) {
    Tensor x = distinct({2, 3, 4}) + 0.05;
    for (int i = 0; i < zeros; ++i) x.mutable_data<double>()[(7 * i + 2) % 24] = 0;
    for (const Axes& axes : {Axes{}, Axes{0}, Axes{1}, Axes{-1}, Axes{0, 2}})
      gradcheck(
          [&](const std::vector<Variable>& v) { return prod(v[0], axes) + prod(v[0] * 2, axes); },
          {x});
  }
}

TEST_CASE("norm: 0 has a gradient of 0, over all and along axes") {
  const Variable x = Variable::leaf(Tensor::from({0.F, 0.F, 3.F, -4.F, -0.F, 0.F}, {3, 2}));
  const Variable y = norm(x, 1, KeepDims::yes);
  CHECK(y.shape() == Shape{3, 1});
  CHECK(y.value().to_vector<float>() == std::vector<float>{0, 5, 0});
  y.backward(Tensor::ones({3, 1}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>{0, 0, 0.6F, -0.8F, 0, 0});
  const Variable zero = Variable::leaf(Tensor::zeros({4}));
  norm(zero).backward();
  CHECK(zero.grad().to_vector<float>() == std::vector<float>(4, 0));
}

TEST_CASE("norm: squares that overflow or vanish, in both types") {
  const test::SubnormalsKept kept;
  for (const double size : {1e30, 1e-30, 1e-44, 1e38}) {
    CAPTURE(size);
    const Tensor sides = Tensor::from({3., -4., 0.}) * size;
    const Variable x = Variable::leaf(sides.to(DType::float32));
    const Variable y = norm(x);
    // 5e38 is infinite in float32; the smallest numbers are 1.4e-45 apart.
    const auto expected = static_cast<float>(std::hypot(x.value().at({0}), x.value().at({1})));
    if (std::isinf(expected)) {
      CHECK(y.item() == expected);
      continue;
    }
    CHECK(std::abs(y.item() - expected) <= 1e-6 * expected + 1.5e-45);
    y.backward();
    CHECK(x.grad().at({0}) == doctest::Approx(x.value().at({0}) / y.item()).epsilon(1e-6));
    CHECK(x.grad().at({2}) == 0);
  }
  for (const double size : {1e300, 1e-300, 4e-324, 3e307}) {
    CAPTURE(size);
    const Variable x = Variable::leaf(Tensor::from({3 * size, -4 * size}));
    const Variable y = norm(x);
    CHECK(std::abs(y.item() / (5 * size) - 1) < 4e-16);
    y.backward();
    CHECK(std::abs(x.grad().at({0}) - 0.6) < 2e-16);
    CHECK(std::abs(x.grad().at({1}) + 0.8) < 2e-16);
  }
  CHECK(norm(Tensor::from({-infinity, 1.})).item() == infinity);
  CHECK(std::isnan(norm(Tensor::from({1., std::nan("")})).item()));
  CHECK(norm(Tensor::zeros({0})).item() == 0);
  CHECK(norm(Tensor::zeros({3, 0}), 1).value().to_vector<float>() == std::vector<float>(3, 0));
  CHECK_THROWS_WITH_AS(norm(Tensor::zeros({2}, DType::int64)),
                       "[norm] expected float32 or float64, got int64", Error);
}

TEST_CASE("norm: every p, of powers that overflow or vanish") {
  const auto of = [](const Tensor& x, double p) { return norm(x, {}, KeepDims::no, p).item(); };
  const Tensor x = Tensor::from({3., -4., 0.});
  CHECK(of(x, 1) == 7);
  CHECK(of(x, 2) == 5);
  CHECK(of(x, infinity) == 4);
  CHECK(of(x, 3) == doctest::Approx(std::cbrt(91.)).epsilon(1e-15));
  CHECK(of(x, 0.5) == doctest::Approx(std::pow(std::sqrt(3.) + 2, 2)).epsilon(1e-15));
  for (const double size : {1e300, 1e-300}) {
    CHECK(of(x * size, 3) == doctest::Approx(std::cbrt(91.) * size).epsilon(1e-15));
    CHECK(of(x * size, 1000) == doctest::Approx(4 * size).epsilon(1e-15));
    CHECK(of(x * size, infinity) == 4 * size);
  }
  for (const double size : {1e37, 1e-37})
    CHECK(of((x * size).to(DType::float32), 500) == doctest::Approx(4 * size).epsilon(1e-6));
  const Tensor odd = Tensor::from({1., std::nan("")}), far = Tensor::from({1., -infinity});
  for (const double p : {0.5, 1., 2., 3., infinity}) {
    CHECK(std::isnan(of(odd, p)));
    CHECK(of(far, p) == infinity);
    CHECK(of(Tensor::zeros({0}), p) == 0);
    CHECK(of(Tensor::zeros({4}), p) == 0);
    CHECK(gradient(Tensor::zeros({4}), [p](const Variable& v) {
            return norm(v, {}, KeepDims::no, p);
          }).to_vector<float>() == std::vector<float>(4, 0));
    CHECK(gradient(Tensor::zeros({3, 0}), [p](const Variable& v) {
            return norm(v, 1, KeepDims::no, p);
          }).shape() == Shape{3, 0});
  }
}

TEST_CASE("norm: zeros have no gradient, the largest share it") {
  const auto slope = [](const Tensor& x, double p) {
    return gradient(x, [p](const Variable& v) { return norm(v, {}, KeepDims::no, p); })
        .to_vector<double>();
  };
  using Slopes = std::vector<double>;
  CHECK(slope(Tensor::from({2., 0., -3.}), 1) == Slopes{1, 0, -1});
  CHECK(slope(Tensor::from({4., 0., -4.}), infinity) == Slopes{0.5, 0, -0.5});
  CHECK(slope(Tensor::from({4., 0.}), 0.5) == Slopes{1, 0});
  CHECK(slope(Tensor::from({1., infinity}), 3)[0] == 0);
}

TEST_CASE("stddev: the root of the variance; 0 has a gradient of 0") {
  const Tensor x = Tensor::from({1., 2., 3., 6., 6., 6.}, {2, 3});
  CHECK(stddev(x, 1).value().to_vector<double>() == std::vector<double>{1, 0});
  CHECK(stddev(x, 1, KeepDims::yes).shape() == Shape{2, 1});
  CHECK(stddev(x, {}, KeepDims::no, 0).item() == doctest::Approx(std::sqrt(26.) / std::sqrt(6.)));
  CHECK(gradient(x, [](const Variable& v) { return stddev(v, 1); }).to_vector<double>() ==
        std::vector<double>{-0.5, 0, 0.5, 0, 0, 0});
  for (const double size : {1e25, 1e-35}) {  // whose squares are no float32
    const Tensor y = (x * size).to(DType::float32);
    CHECK(stddev(y, 1).value().at({0}) == doctest::Approx(size).epsilon(1e-6));
    CHECK(gradient(y, [](const Variable& v) { return stddev(v, 1); }).at({0, 0}) ==
          doctest::Approx(-0.5).epsilon(1e-6));
  }
  CHECK(std::isnan(stddev(Tensor::from({3.})).item()));
  CHECK(stddev(Tensor::from({3.}), {}, KeepDims::no, 0).item() == 0);
  CHECK(stddev(Tensor::from({3., 4.}), {}, KeepDims::no, 5).item() == infinity);
  CHECK(std::isnan(stddev(Tensor::zeros({0})).item()));
  CHECK(gradient(Tensor::zeros({0, 2}), [](const Variable& v) { return stddev(v, 0); }).shape() ==
        Shape{0, 2});
}

TEST_CASE("prod: values, and the gradient beside zeros") {
  CHECK(prod(Tensor::from({2, 3, 7})).item<std::int64_t>() == 42);
  CHECK(prod(Tensor::zeros({0})).item() == 1);
  const Tensor x = Tensor::from({2.f, 3.f, 4.f, 2.f, 0.f, 4.f, 0.f, 3.f, 0.f}, {3, 3});
  CHECK(prod(x, 1).value().to_vector<float>() == std::vector<float>{24, 0, 0});
  CHECK(gradient(x, [](const Variable& v) { return prod(v, 1); }).to_vector<float>() ==
        std::vector<float>{12, 8, 6, 0, 8, 0, 0, 0, 0});
  CHECK(gradient(Tensor::zeros({3, 0}), [](const Variable& v) { return prod(v, 1); }).shape() ==
        Shape{3, 0});
}

TEST_CASE("norm, stddev, prod: bad arguments are named") {
  const Tensor x = Tensor::ones({2, 3}), whole = Tensor::arange(3);
  CHECK_THROWS_WITH_AS(norm(x, {}, KeepDims::no, 0), "[norm] p must be in (0, inf], got 0", Error);
  CHECK_THROWS_WITH_AS(norm(x, {}, KeepDims::no, std::nan("")),
                       "[norm] p must be in (0, inf], got nan", Error);
  CHECK_THROWS_WITH_AS(stddev(x, 2), "[stddev] axis 2 is out of range [-2, 2)", Error);
  CHECK_THROWS_WITH_AS(stddev(x, 0, KeepDims::no, -1),
                       "[stddev] correction must not be negative, got -1", Error);
  CHECK_THROWS_WITH_AS(stddev(whole), "[stddev] expected float32 or float64, got int64", Error);
  CHECK_THROWS_WITH_AS(prod(x, {0, 0}), "[prod] axis 0 appears twice in {0, 0}", Error);
}

TEST_CASE("norm, stddev, prod: the same bits for any number of threads") {
  for (const auto& [shape, axes] : std::vector<std::pair<Shape, Axes>>{
           {{100'003}, {}}, {{300, 500}, 0}, {{300, 500}, 1}, {{20, 30, 200}, {0, 2}}}) {
    Tensor x = Tensor::empty(shape);
    Generator(9).fill_uniform(x, 0.9, 1.1);
    std::vector<std::uint64_t> found;
    for (const int threads : test::thread_counts()) {
      const test::Threads scope(threads);
      std::uint64_t bits = 0;
      for (const Variable& y :
           {norm(x, axes), norm(x, axes, KeepDims::no, 3), stddev(x, axes), prod(x, axes)})
        bits = hash(y.value(), bits);
      const auto both = [&axes = axes](const Variable& v) {
        return norm(v, axes, KeepDims::no, infinity) + stddev(v, axes) + prod(v, axes);
      };
      found.push_back(hash(gradient(x, both), bits));
    }
    CHECK(found == std::vector<std::uint64_t>(found.size(), found[0]));
  }
}
