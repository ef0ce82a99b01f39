#include <doctest/doctest.h>

#include <cmath>
#include <plumb/autograd.hpp>

using namespace plumb;

namespace {

using Function = Variable (*)(const Variable&);

}  // namespace

TEST_CASE("exp, log, sqrt, abs, erf: gradcheck") {
  const Tensor x = Tensor::from({0.3, 1.7, 2.5, 0.9});
  for (const Function f : std::initializer_list<Function>{exp, log, sqrt, abs, erf})
    gradcheck([f](const std::vector<Variable>& v) { return f(v[0]); }, {x});
  for (const Function f : std::initializer_list<Function>{exp, abs, erf})
    gradcheck([f](const std::vector<Variable>& v) { return f(v[0]); }, {-x});
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
