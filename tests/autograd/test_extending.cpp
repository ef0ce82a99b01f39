// The elementwise operation of docs/extending.md, as it would stand in the library.
#include <doctest/doctest.h>

#include <cmath>
#include <plumb/autograd.hpp>
#include <plumb/autograd/ops/internal/unary.hpp>
#include <plumb/core/simd/loops.hpp>
#include <string>

#include "../support/document.hpp"

namespace plumb {

namespace kernel {

Tensor softsign(const Tensor& x) {
  return map(
      "softsign", [](auto x) PLUMB_INLINE { return x / (1 + std::abs(x)); }, x);
}

void softsign_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x) {
  map_into(
      dx, mode,
      [](auto g, auto x) PLUMB_INLINE { return g / ((1 + std::abs(x)) * (1 + std::abs(x))); }, g,
      x);
}

}  // namespace kernel

// y = x / (1 + |x|);  dx = g / (1 + |x|)^2
Variable softsign(const Variable& x) {
  return detail::from_input("softsign", x, kernel::softsign, kernel::softsign_into,
                            [](const Variable& g, const Variable& x) {
                              const Variable d = 1 + abs(x);
                              return g / (d * d);
                            });
}

}  // namespace plumb

using namespace plumb;

TEST_CASE("docs/extending.md: an elementwise operation") {
  gradcheck([](const std::vector<Variable>& in) { return softsign(in[0]); },
            {Tensor::from({-1000.0, -2.0, -1e-3, 0.5, 3.0, 1000.0})});
  gradgradcheck([](const std::vector<Variable>& in) { return softsign(in[0]); },
                {Tensor::from({-1000.0, -2.0, 0.5, 3.0, 1000.0})});
  const Variable x = Variable::leaf(Tensor::from({-1.0f, 0.0f, 3.0f}));
  const Variable y = softsign(x);
  CHECK(y.value().to_vector<float>() == std::vector<float>{-0.5f, 0.0f, 0.75f});
  sum(y).backward();
  CHECK(x.grad().to_vector<float>() == std::vector<float>{0.25f, 1.0f, 0.0625f});
  CHECK_THROWS_WITH_AS(softsign(Tensor::ones({2}, DType::int64)),
                       "[softsign] expected float32 or float64, got int64", Error);
}

TEST_CASE("docs/extending.md: its code is compiled") {
  const std::string shown = PLUMB_SHOWN_DIR "/optim/signum.";
  CHECK(test::code_missing_from("docs/extending.md", {__FILE__, "tests/optim/test_extending.cpp",
                                                      shown + "hpp", shown + "cpp"}) == "");
}
