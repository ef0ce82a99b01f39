#include "math.hpp"

#include "../../core/kernels/arithmetic.hpp"
#include "../../core/kernels/elementary.hpp"
#include "../../core/kernels/math.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "arithmetic.hpp"
#include "internal/unary.hpp"

namespace plumb {

using detail::from_input;
using detail::from_result;
using detail::straight;
using V = const Variable&;

// y = e^x;  dx = g y
Variable exp(const Variable& x) {
  return from_result("exp", x, kernel::exp, kernel::multiply_into, [](V g, V y) { return g * y; });
}

// y = e^x - 1;  dx = g e^x
Variable expm1(const Variable& x) {
  return from_input("expm1", x, kernel::expm1, kernel::expm1_into,
                    [](V g, V x) { return g * exp(x); });
}

// y = log x;  dx = g / x
Variable log(const Variable& x) {
  return from_input("log", x, kernel::log, kernel::log_into, [](V g, V x) { return g / x; });
}

// y = log(1 + x);  dx = g / (1 + x)
Variable log1p(const Variable& x) {
  return from_input("log1p", x, kernel::log1p, kernel::log1p_into,
                    [](V g, V x) { return g / (1 + x); });
}

// y = sin x;  dx = g cos x
Variable sin(const Variable& x) {
  return from_input("sin", x, kernel::sin, kernel::sin_into, [](V g, V x) { return g * cos(x); });
}

// y = cos x;  dx = -g sin x
Variable cos(const Variable& x) {
  return from_input("cos", x, kernel::cos, kernel::cos_into, [](V g, V x) { return -g * sin(x); });
}

// y = sqrt x;  dx = g / (2 y)
Variable sqrt(const Variable& x) {
  return from_result("sqrt", x, kernel::sqrt, kernel::sqrt_into,
                     [](V g, V y) { return g / (2 * y); });
}

// y = |x|;  dx = g sign x
Variable abs(const Variable& x) {
  return from_input("abs", x, kernel::abs, kernel::abs_into, straight("abs", kernel::abs_into));
}

// y = erf x;  dx = g 2/sqrt(pi) e^(-x^2)
Variable erf(const Variable& x) {
  constexpr double slope_at_zero = 1.1283791670955126;  // 2/sqrt(pi)
  return from_input("erf", x, kernel::erf, kernel::erf_into,
                    [](V g, V x) { return g * slope_at_zero * exp(-x * x); });
}

// y = min(max(x, low), high);  dx = g [low <= x <= high]
Variable clamp(const Variable& x, double low, double high) {
  if (!(low <= high)) fail("clamp", "expected low <= high, got ", low, " and ", high);
  const auto gradient = [=](Tensor& dx, Write mode, const Tensor& g, const Tensor& x) {
    kernel::clamp_into(dx, mode, g, x, low, high);
  };
  return from_input(
      "clamp", x, [=](const Tensor& x) { return kernel::clamp(x, low, high); }, gradient,
      straight("clamp", gradient));
}

}  // namespace plumb
