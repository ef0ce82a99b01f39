#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/softmax.hpp>
#include <plumb/core/runtime/error.hpp>

#include "../../support/compare.hpp"
#include "../../support/random.hpp"
#include "../../support/special_values.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::deviation;
using plumb::test::infinity;
using plumb::test::normal;

namespace {}  // namespace

TEST_CASE("softmax: values along the last axis") {
  const Tensor y = softmax(Tensor::from({1.0, 2.0, 3.0, 5.0, 5.0, 5.0}, {2, 3}), -1).value();
  CHECK(y.at({0, 0}) == doctest::Approx(0.09003057317038046).epsilon(1e-14));
  CHECK(y.at({0, 1}) == doctest::Approx(0.24472847105479767).epsilon(1e-14));
  CHECK(y.at({0, 2}) == doctest::Approx(0.6652409557748219).epsilon(1e-14));
  for (int i = 0; i < 3; ++i) CHECK(y.at({1, i}) == doctest::Approx(1 / 3.0).epsilon(1e-15));
}

TEST_CASE("log_softmax: values along the last axis") {
  const Tensor y = log_softmax(Tensor::from({1.0, 2.0, 3.0}, {1, 3}), 1).value();
  CHECK(y.at({0, 0}) == doctest::Approx(-2.4076059644443806).epsilon(1e-14));
  CHECK(y.at({0, 1}) == doctest::Approx(-1.4076059644443806).epsilon(1e-14));
  CHECK(y.at({0, 2}) == doctest::Approx(-0.4076059644443806).epsilon(1e-14));
}

TEST_CASE("softmax: any axis of three agrees with its definition") {
  const Tensor x = normal({3, 4, 5});
  for (int axis = 0; axis < 3; ++axis) {
    const Tensor y = softmax(x, axis).value();
    const Tensor log_y = log_softmax(x, axis - 3).value();
    for (std::int64_t i = 0; i < 3; ++i)
      for (std::int64_t j = 0; j < 4; ++j)
        for (std::int64_t k = 0; k < 5; ++k) {
          double sum = 0;
          for (std::int64_t s = 0; s < x.dim(axis); ++s)
            sum += std::exp(axis == 0   ? x.at({s, j, k})
                            : axis == 1 ? x.at({i, s, k})
                                        : x.at({i, j, s}));
          const double expected = std::exp(x.at({i, j, k})) / sum;
          CHECK(y.at({i, j, k}) == doctest::Approx(expected).epsilon(1e-13));
          CHECK(log_y.at({i, j, k}) == doctest::Approx(std::log(expected)).epsilon(1e-13));
        }
  }
}

TEST_CASE("softmax: lanes of any length and stride, in float32 too, agree with their definition") {
  for (const std::int64_t size : {2, 7, 31, 32, 70, 300})
    for (const std::int64_t inner : {1, 5, 16, 37}) {
      const Tensor x = normal({19, size, inner}), g = normal({19, size, inner});
      const auto results = [&](DType dtype) {
        const Variable a = Variable::leaf(x.to(dtype)), b = Variable::leaf(x.to(dtype));
        const Variable y = softmax(a, 1), log_y = log_softmax(b, 1);
        y.backward(g.to(dtype));
        log_y.backward(g.to(dtype));
        return std::vector<Tensor>{y.value(), log_y.value(), a.grad(), b.grad()};
      };
      std::vector<Tensor> expected(4);
      for (Tensor& each : expected) each = Tensor::empty(x.shape(), DType::float64);
      const double *xs = x.data<double>(), *gs = g.data<double>();
      double* out[4];
      for (std::size_t i = 0; i < 4; ++i) out[i] = expected[i].mutable_data<double>();
      for (std::int64_t lane = 0; lane < 19 * inner; ++lane) {
        const auto at = [&](std::int64_t k) {
          return (lane / inner * size + k) * inner + lane % inner;
        };
        double sum = 0, slope = 0, product = 0;
        for (std::int64_t k = 0; k < size; ++k) sum += std::exp(xs[at(k)]);
        for (std::int64_t k = 0; k < size; ++k) {
          const std::int64_t i = at(k);
          out[0][i] = std::exp(xs[i]) / sum;
          out[1][i] = xs[i] - std::log(sum);
          slope += gs[i];
          product += gs[i] * out[0][i];
        }
        for (std::int64_t k = 0; k < size; ++k) {
          const std::int64_t i = at(k);
          out[2][i] = out[0][i] * (gs[i] - product);
          out[3][i] = gs[i] - out[0][i] * slope;
        }
      }
      CAPTURE(size);
      CAPTURE(inner);
      const std::vector<Tensor> wide = results(DType::float64), narrow = results(DType::float32);
      for (std::size_t i = 0; i < 4; ++i) {
        CHECK(deviation(wide[i], expected[i]) <= 1e-14);
        CHECK(deviation(narrow[i], expected[i]) <= 2e-6);
      }
    }
}

TEST_CASE("softmax: gradients along every axis") {
  for (int axis = 0; axis < 3; ++axis) {
    gradcheck([axis](const auto& in) { return softmax(in[0], axis); }, {normal({3, 2, 4})});
    gradcheck([axis](const auto& in) { return log_softmax(in[0], axis); }, {normal({3, 2, 4})});
  }
}

TEST_CASE("softmax: gradients add up where x is used twice") {
  const Tensor seed = normal({2, 3});
  for (const auto op : {softmax, log_softmax}) {
    const Variable once = Variable::leaf(normal({2, 3})), twice = Variable::leaf(normal({2, 3}));
    op(once, 1).backward(seed);
    for (int i = 0; i < 2; ++i) op(twice, 1).backward(seed);
    const Tensor of_one = once.grad(), of_two = twice.grad();
    for (int i = 0; i < 6; ++i)
      CHECK(of_two.data<double>()[i] ==
            doctest::Approx(2 * of_one.data<double>()[i]).epsilon(1e-14));
  }
}

TEST_CASE("softmax: elements of +-1000 neither overflow nor lose digits") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const Tensor x = Tensor::from({1000.0, 1000.0, -1000.0, -1000.0}, {2, 2}).to(dtype);
    CHECK(softmax(x, 1).value().to(DType::float64).to_vector<double>() ==
          std::vector<double>{0.5, 0.5, 0.5, 0.5});
    const Tensor y = log_softmax(x, 1).value();
    for (int i = 0; i < 2; ++i)
      CHECK(y.at({i, 0}) == doctest::Approx(-0.6931471805599453).epsilon(1e-7));
    CHECK(log_softmax(x, 0).value().at({1, 0}) == -2000);
    CHECK(softmax(x, 0).value().at({1, 0}) == 0);
  }
}

TEST_CASE("softmax: -infinity is probability 0, a lane of nothing else is NaN") {
  const Tensor x = Tensor::from({-infinity, 3.0, -infinity, -infinity}, {2, 2});
  const Tensor y = softmax(x, 1).value();
  CHECK(y.at({0, 0}) == 0);
  CHECK(y.at({0, 1}) == 1);
  CHECK(std::isnan(y.at({1, 0})));
  CHECK(std::isnan(y.at({1, 1})));
  CHECK(log_softmax(x, 1).value().at({0, 0}) == -infinity);
  CHECK(std::isnan(log_softmax(x, 1).value().at({1, 0})));
}

TEST_CASE("softmax: NaN spreads over its lane only") {
  const Tensor y = softmax(Tensor::from({1.0, std::nan(""), 2.0, 2.0}, {2, 2}), 1).value();
  CHECK(std::isnan(y.at({0, 0})));
  CHECK(std::isnan(y.at({0, 1})));
  CHECK(y.at({1, 0}) == 0.5);
}

TEST_CASE("softmax: shapes without elements") {
  for (const auto& shape : {Shape{0, 3}, Shape{3, 0}, Shape{0}}) {
    const Variable x = Variable::leaf(Tensor::empty(shape));
    const Variable y = softmax(x, 0);
    CHECK(y.shape() == shape);
    y.backward(Tensor::empty(shape));
    CHECK(x.grad().shape() == shape);
    CHECK(log_softmax(x, -1).shape() == shape);
  }
}

TEST_CASE("softmax: the same bits for any number of threads") {
  const Tensor x = normal({40, 30, 50}, DType::float32);
  for (int axis = 0; axis < 3; ++axis) {
    std::vector<float> first;
    for (const int threads : test::thread_counts()) {
      const test::Threads scope(threads);
      const Variable leaf = Variable::leaf(x);
      const Variable y = softmax(leaf, axis);
      y.backward(x);
      std::vector<float> all = y.value().to_vector<float>();
      const auto gradient = leaf.grad().to_vector<float>();
      all.insert(all.end(), gradient.begin(), gradient.end());
      if (first.empty()) first = all;
      CHECK(all == first);
    }
  }
}

TEST_CASE("softmax: errors name the operation and the range") {
  CHECK_THROWS_WITH_AS(softmax(Tensor::zeros({2, 3}), 2),
                       "[softmax] axis 2 is out of range [-2, 2)", Error);
  CHECK_THROWS_WITH_AS(log_softmax(Tensor::zeros({2, 3}, DType::int64), 1),
                       "[log_softmax] expected float32 or float64, got int64", Error);
}
