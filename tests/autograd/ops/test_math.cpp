#include <doctest/doctest.h>

#include <cmath>
#include <plumb/autograd.hpp>

#include "../../support/threads.hpp"

using namespace plumb;

namespace {

using UnaryFunction = Variable (*)(const Variable&);

}  // namespace

TEST_CASE("exp, log, sqrt, abs, erf: gradcheck") {
  const Tensor x = Tensor::from({0.3, 1.7, 2.5, 0.9});
  for (const UnaryFunction f : std::initializer_list<UnaryFunction>{exp, log, sqrt, abs, erf})
    gradcheck([f](const std::vector<Variable>& v) { return f(v[0]); }, {x});
  for (const UnaryFunction f : std::initializer_list<UnaryFunction>{exp, abs, erf})
    gradcheck([f](const std::vector<Variable>& v) { return f(v[0]); }, {-x});
}

TEST_CASE("sin, cos, expm1, log1p: gradcheck, of every shape") {
  for (const UnaryFunction f : std::initializer_list<UnaryFunction>{sin, cos, expm1, log1p})
    for (const Shape& shape : {Shape{2, 3}, Shape{}, Shape{1}, Shape{0, 2}, Shape{17}}) {
      Tensor x = Tensor::empty(shape, DType::float64);
      Generator(3).fill_uniform(x, -0.7, 2);
      gradcheck([f](const std::vector<Variable>& v) { return f(v[0]) + f(v[0] * 0.5); }, {x});
    }
}

TEST_CASE("sin, cos, expm1, log1p: the same bits for any number of threads") {
  Tensor x = Tensor::empty({100'003}, DType::float32);
  Generator(4).fill_uniform(x, -0.9, 3);
  x.mutable_data<float>()[99'999] = 3e38F;
  for (const UnaryFunction f : std::initializer_list<UnaryFunction>{sin, cos, expm1, log1p}) {
    std::vector<std::uint64_t> found;
    for (const int threads : test::thread_counts()) {
      const test::Threads scope(threads);
      const Variable leaf = Variable::leaf(x);
      const Variable y = f(leaf);
      y.backward(x);
      found.push_back(hash(leaf.grad(), hash(y.value())));
    }
    CHECK(found == std::vector<std::uint64_t>(found.size(), found[0]));
  }
}

TEST_CASE("sin, cos, expm1, log1p: integers are refused by name") {
  CHECK_THROWS_WITH_AS(sin(Tensor::arange(2)), "[sin] expected float32 or float64, got int64",
                       Error);
  CHECK_THROWS_WITH_AS(log1p(Tensor::arange(2)), "[log1p] expected float32 or float64, got int64",
                       Error);
}

TEST_CASE("clamp: gradcheck, the gradient passes at the limits; NaN stays, without one") {
  const auto f = [](const std::vector<Variable>& v) { return clamp(v[0], -1, 0.5); };
  gradcheck(f, {Tensor::from({-2., -0.3, 0.2, 0.9})});
  const Variable x = Variable::leaf(Tensor::from({-1., 0.5, std::nan("")}));
  const Variable y = clamp(x, -1, 0.5);
  y.backward(Tensor::ones({3}, DType::float64));
  CHECK(x.grad().to_vector<double>() == std::vector<double>{1, 1, 0});
  CHECK(std::isnan(y.value().at({2})));
  CHECK_THROWS_WITH_AS(clamp(x, 2, 1), "[clamp] expected low <= high, got 2 and 1", Error);
  CHECK_THROWS_AS(clamp(x, std::nan(""), 1), Error);
}

TEST_CASE("abs: the gradient at 0 is 0") {
  const Variable x = Variable::leaf(Tensor::from({0., -0.}));
  abs(x).backward(Tensor::ones({2}, DType::float64));
  CHECK(x.grad().at({0}) == 0);
  CHECK(x.grad().at({1}) == 0);
}
