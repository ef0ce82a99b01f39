#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/modes.hpp>
#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/ops/reduction.hpp>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/random.hpp>

#include "../../support/gradients.hpp"
#include "../../support/special_values.hpp"

using namespace plumb;
using plumb::test::infinity;
using plumb::test::not_a_number;
using test::distinct;
using test::gradient;

namespace {}  // namespace

TEST_CASE("reductions: gradcheck over every kind of axes, with and without keepdims") {
  using Reduce = Variable (*)(const Variable&, const Axes&, KeepDims);
  const Reduce variance = [](const Variable& x, const Axes& axes, KeepDims keep) {
    return var(x, axes, keep);
  };
  const Reduce of_sample = [](const Variable& x, const Axes& axes, KeepDims keep) {
    return var(x, axes, keep, 0);
  };
  const Reduce deviation = [](const Variable& x, const Axes& axes, KeepDims keep) {
    return stddev(x, axes, keep);
  };
  const Reduce deviation_of_sample = [](const Variable& x, const Axes& axes, KeepDims keep) {
    return stddev(x, axes, keep, 0);
  };
  for (const Reduce f : {Reduce(sum), Reduce(mean), variance, of_sample, Reduce(max), Reduce(min),
                         Reduce(logsumexp), deviation, deviation_of_sample, Reduce(prod)})
    for (const Axes& axes : {Axes{}, Axes{0}, Axes{1}, Axes{-1}, Axes{0, 2}, Axes{2, 1}})
      for (const KeepDims keep : {KeepDims::no, KeepDims::yes})
        gradcheck([&](const std::vector<Variable>& v) { return f(v[0], axes, keep); },
                  {distinct({2, 3, 4})});
}

TEST_CASE("reductions: of a result that is used twice, gradients add up") {
  gradcheck(
      [](const std::vector<Variable>& v) {
        const Variable x = v[0] * 2;
        return sum(x * x) + sum(x, 0) + mean(x, 1, KeepDims::yes) + var(x, 0) + max(x, 0) +
               logsumexp(x, 1, KeepDims::yes) + max(x);
      },
      {distinct({3, 3})});
}

TEST_CASE("reductions: values, written as users write them") {
  const Tensor x = Tensor::from({1., 2., 3., 4., 5., 9.}, {2, 3});
  CHECK(sum(x).item() == 24);
  CHECK(sum(x, 0).value().to_vector<double>() == std::vector<double>{5, 7, 12});
  CHECK(sum(x, {0, -1}, KeepDims::yes).shape() == Shape{1, 1});
  CHECK(mean(x, -1).value().to_vector<double>() == std::vector<double>{2, 6});
  CHECK(var(x, 1).value().to_vector<double>() == std::vector<double>{1, 7});
  CHECK(var(x, 0, KeepDims::no, 0).value().to_vector<double>() ==
        std::vector<double>{2.25, 2.25, 9});
  CHECK(max(x, 1, KeepDims::yes).shape() == Shape{2, 1});
  CHECK(min(x).item() == 1);
  CHECK(argmax(x).item<int>() == 5);
  CHECK(argmax(x, 1).to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 2});
  CHECK(logsumexp(Tensor::from({1000., 1000.})).item() ==
        doctest::Approx(1000 + std::log(2.)).epsilon(1e-15));
}

TEST_CASE("max, min: over all, ties share the gradient; over axes the first takes it") {
  const Tensor x = Tensor::from({4.f, 1.f, 4.f, 2.f, 4.f, 1.f}, {2, 3});
  CHECK(gradient(x, [](const Variable& v) { return 3 * max(v); }).to_vector<float>() ==
        std::vector<float>{1, 0, 1, 0, 1, 0});
  CHECK(gradient(x, [](const Variable& v) { return min(v); }).to_vector<float>() ==
        std::vector<float>{0, 0.5, 0, 0, 0, 0.5});
  CHECK(gradient(x, [](const Variable& v) { return max(v, 1); }).to_vector<float>() ==
        std::vector<float>{1, 0, 0, 0, 1, 0});
  CHECK(gradient(x, [](const Variable& v) { return max(v, 0); }).to_vector<float>() ==
        std::vector<float>{1, 0, 1, 0, 1, 0});
  CHECK(gradient(x, [](const Variable& v) {
          return min(v, {0, 1});
        }).to_vector<float>() == std::vector<float>{0, 1, 0, 0, 0, 0});
}

TEST_CASE("max: NaN passes, forward and in the gradient") {
  const Tensor x = Tensor::from({1., not_a_number, 3., not_a_number}, {2, 2});
  CHECK(std::isnan(max(x).item()));
  CHECK(std::isnan(min(x, 1).value().at({1})));
  CHECK(gradient(x, [](const Variable& v) { return max(v); }).to_vector<double>() ==
        std::vector<double>{0, 0.5, 0, 0.5});
  CHECK(gradient(x, [](const Variable& v) { return max(v, 0); }).to_vector<double>() ==
        std::vector<double>{0, 1, 1, 0});
  CHECK(argmax(x).item<int>() == 1);
}

TEST_CASE("logsumexp: gradients far from 0 are softmax; of -inf alone they are NaN") {
  const auto of = [](double a, double b) {
    return gradient(Tensor::from({a, b}), [](const Variable& v) { return logsumexp(v); })
        .to_vector<double>();
  };
  for (const double far : {1000., -1000.})
    for (const double share : of(far, far)) CHECK(share == doctest::Approx(0.5).epsilon(1e-15));
  CHECK(of(1000, -1000) == std::vector<double>{1, 0});
  CHECK(of(-infinity, 2) == std::vector<double>{0, 1});
  CHECK(logsumexp(Tensor::from({-infinity, -infinity})).item() == -infinity);
  CHECK(std::isnan(of(-infinity, -infinity)[0]));
}

TEST_CASE("var: fewer elements than the correction") {
  CHECK(std::isnan(var(Tensor::from({3.})).item()));
  CHECK(var(Tensor::from({3.}), {}, KeepDims::no, 0).item() == 0);
  CHECK(var(Tensor::from({3., 4.}), {}, KeepDims::no, 5).item() == infinity);
}

TEST_CASE("sum, mean: of nothing, and their gradients") {
  const Tensor none = Tensor::zeros({0, 2});
  CHECK(sum(none).item() == 0);
  CHECK(std::isnan(mean(none).item()));
  for (const auto& f :
       {+[](const Variable& v) { return sum(v); }, +[](const Variable& v) { return mean(v); },
        +[](const Variable& v) { return logsumexp(v, 0); },
        +[](const Variable& v) { return var(v, 0); }})
    CHECK(gradient(none, f).shape() == Shape{0, 2});
}

TEST_CASE("reductions: integers sum, but have no gradient and no mean") {
  const Variable total = sum(Tensor::arange(5));
  CHECK(total.dtype() == DType::int64);
  CHECK(total.item() == 10);
  CHECK_FALSE(total.requires_grad());
  CHECK(max(Tensor::arange(5)).item() == 4);
  CHECK_THROWS_WITH_AS(mean(Tensor::arange(5)), "[mean] expected float32 or float64, got int64",
                       Error);
  CHECK_THROWS_WITH_AS(var(Tensor::arange(5)), "[var] expected float32 or float64, got int64",
                       Error);
}

TEST_CASE("max: without a graph nothing is recorded") {
  const Variable x = Variable::leaf(Tensor::ones({2, 2}));
  const NoGrad scope;
  CHECK_FALSE(max(x).requires_grad());
  CHECK_FALSE(max(x, 0).requires_grad());
}

TEST_CASE("reductions: bad arguments are named") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(sum(x, 2), "[sum] axis 2 is out of range [-2, 2)", Error);
  CHECK_THROWS_WITH_AS(mean(x, {1, -1}), "[mean] axis 1 appears twice in {1, -1}", Error);
  CHECK_THROWS_WITH_AS(logsumexp(x, -3), "[logsumexp] axis -3 is out of range [-2, 2)", Error);
  CHECK_THROWS_WITH_AS(var(x, 0, KeepDims::no, -1), "[var] correction must not be negative, got -1",
                       Error);
  CHECK_THROWS_WITH_AS(max(Tensor::zeros({0})),
                       "[max] there is no element to choose along axis 0 of [0]", Error);
  CHECK_THROWS_WITH_AS(min(Tensor::zeros({2, 0}), 1),
                       "[min] there is no element to choose along axis 1 of [2, 0]", Error);
  CHECK_THROWS_WITH_AS(argmax(x, 2), "[argmax] axis 2 is out of range [-2, 2)", Error);
  CHECK_THROWS_WITH_AS(argmax(Tensor::zeros({3, 0})),
                       "[argmax] there is no element to choose along axis 1 of [3, 0]", Error);
}

TEST_CASE("mean: the gradient is divided by the count") {
  for (const std::int64_t n : {3, 41, 47, 1000}) {
    CAPTURE(n);
    const Variable x = Variable::leaf(Tensor::ones({n, 2}));
    mean(x, 0).backward(Tensor::full({2}, static_cast<double>(n)));
    CHECK(x.grad().to_vector<float>() == std::vector<float>(static_cast<std::size_t>(2 * n), 1));
  }
}

TEST_CASE("argmax: of a variable as of its tensor") {
  const Variable x = Variable::leaf(Tensor::from({1.F, 5.F, 2.F, 7.F, 0.F, 7.F}, {2, 3}));
  CHECK(argmax(x).item<int>() == 3);
  CHECK(argmax(x * 2.0, 1).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 0});
  CHECK(argmax(x, 0, KeepDims::yes).shape() == Shape{1, 3});
}
