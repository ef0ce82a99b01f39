// The example of docs/autograd.md.
#include <doctest/doctest.h>

#include <plumb/autograd.hpp>

#include "../support/document.hpp"

using namespace plumb;

namespace {

// y = x^2 / (1 + x^2);  dx = g 2x / (1 + x^2)^2
Variable saturating_square(const Variable& x) {
  const Tensor square = x.value() * x.value();
  return record("saturating_square", square / (1 + square), {x},
                [x = Saved(x)](const Tensor& g, Gradients& to) {
                  const Tensor d = 1 + x.get() * x;
                  to.give(0, g * 2 * x / (d * d));
                });
}

}  // namespace

TEST_CASE("docs/autograd.md: an operation of one's own") {
  gradcheck([](const std::vector<Variable>& x) { return saturating_square(x[0]); },
            {Tensor::from({-2., 0., 0.5})});
}

TEST_CASE("docs/autograd.md: its code is that of this file") {
  CHECK(test::code_missing_from("docs/autograd.md", {__FILE__}) == "");
}
