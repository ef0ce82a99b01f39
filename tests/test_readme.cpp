// The layer and the operation of README.md. Its program is built and run by cmake/tests.cmake.
#include <doctest/doctest.h>

#include <plumb/plumb.hpp>

#include "support/document.hpp"

using namespace plumb;

namespace {

class Gain : public nn::Layer {
 public:
  explicit Gain(std::int64_t features) : gain_(add_parameter("gain", Tensor::ones({features}))) {}
  Variable forward(const Variable& x) override { return x * gain_; }

 private:
  Variable gain_;
};

// y = x^2;  dx = 2 g x
Variable square(const Variable& x) {
  return record("square", x.value() * x.value(), {x},
                [x = Saved(x)](const Tensor& g, Gradients& to) { to.give(0, 2 * g * x); });
}

}  // namespace

TEST_CASE("README.md: a layer and an operation of one's own pass gradcheck") {
  const Tensor x = Tensor::from({1., -2., 3., 0.5, 0., -1.}, {2, 3});
  Gain gain(3);
  gain.to(DType::float64);
  nn::gradcheck(gain, x);
  gradcheck([](const std::vector<Variable>& in) { return square(in[0]); }, {x});
}

TEST_CASE("README.md: its code is that of this file") {
  CHECK(test::code_missing_from("README.md", {__FILE__}) == "");
}

TEST_CASE("docs/distributed.md: its code is run by tests/mpi") {
  CHECK(test::code_missing_from("docs/distributed.md", {"tests/mpi/steps.cpp"}) == "");
}
