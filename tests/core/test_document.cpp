// The example of docs/core.md.
#include <doctest/doctest.h>

#include <cmath>
#include <plumb/core/tensor/xtensor.hpp>
#include <xtensor/xmath.hpp>

#include "../support/document.hpp"

using namespace plumb;

namespace {

// y = x^2 e^(-x), in one pass
Tensor bump(const Tensor& x) {
  const auto v = as_xtensor<float, 1>(x);
  return from_xtensor(v * v * xt::exp(-v));
}

}  // namespace

TEST_CASE("docs/core.md: an xtensor expression") {
  const Tensor y = bump(Tensor::from({0.f, 1.f, 2.f}));
  CHECK(y.at({1}) == doctest::Approx(std::exp(-1)));
  CHECK(y.at({2}) == doctest::Approx(4 * std::exp(-2)));
}

TEST_CASE("docs/core.md: its code is that of this file") {
  CHECK(test::code_missing_from("docs/core.md", {__FILE__}) == "");
}
