#include <doctest/doctest.h>

#include <limits>
#include <plumb/autograd.hpp>

using namespace plumb;

namespace {

// x^2 with a rule that multiplies by `slope` what should be 2.
Variable square(const Variable& x, double slope) {
  return record(
      "square", x.value() * x.value(), {x},
      [x = Saved(x), slope](const Tensor& g, Gradients& to) { to.give(0, slope * g * x); });
}

}  // namespace

TEST_CASE("gradcheck: accepts a right rule and points at the element where one is wrong") {
  const Tensor x = Tensor::from({0., 3.});
  gradcheck([](const std::vector<Variable>& v) { return square(v[0], 2); }, {x});
  CHECK_THROWS_WITH_AS(
      gradcheck([](const std::vector<Variable>& v) { return square(v[0], 2.01); }, {x}),
      doctest::Contains("[gradcheck] input 0, element 1, output element 1: backward gave 6.0"),
      Error);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH_AS(
      gradcheck([nan](const std::vector<Variable>& v) { return square(v[0], nan); }, {x}),
      doctest::Contains("element 0, output element 0: backward gave nan"), Error);
}

TEST_CASE("gradcheck: a rule that is not the same twice is found") {
  int calls = 0;
  CHECK_THROWS_WITH_AS(
      gradcheck(
          [&](const std::vector<Variable>& v) {
            return record("drift", v[0].value().clone(), {v[0]},
                          [&](const Tensor& g, Gradients& to) { to.give(0, g + 1e-9 * ++calls); });
          },
          {Tensor::from({1.})}),
      "[gradcheck] a second backward gave another gradient of input 0", Error);
}

TEST_CASE("gradcheck: wants float64 inputs that the output depends on") {
  const auto identity = [](const std::vector<Variable>& v) { return v[0] * 1.0; };
  CHECK_THROWS_WITH_AS(gradcheck(identity, {Tensor::ones({1})}),
                       "[gradcheck] input 0 must be float64", Error);
  CHECK_THROWS_WITH_AS(gradcheck([](const std::vector<Variable>&) { return Tensor::ones({1}); },
                                 {Tensor::ones({1}, DType::float64)}),
                       "[gradcheck] the output does not depend on the inputs", Error);
}

TEST_CASE("gradcheck: a function may take derivatives itself") {
  const auto penalty = [](const std::vector<Variable>& in) {
    const Variable slope = grad({sum(tanh(matmul(in[0], in[1])))}, {in[0]}, {}, create_graph)[0];
    return sum(slope * slope);
  };
  const Tensor x = Tensor::full({2, 3}, 0.3, DType::float64);
  const Tensor w = Tensor::from({0.2, -0.1, 0.4, 0.3, 0.1, -0.5}, {3, 2});
  gradcheck(penalty, {x, w});
}
