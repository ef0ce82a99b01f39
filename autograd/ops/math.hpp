// Elementary functions of one variable, elementwise.
#pragma once

#include "../variable.hpp"

namespace plumb {

Variable exp(const Variable& x);
/// e^x - 1, with all digits near 0.
Variable expm1(const Variable& x);
/// Natural logarithm: -inf at 0, NaN below.
Variable log(const Variable& x);
/// log(1 + x), with all digits near 0: -inf at -1, NaN below.
Variable log1p(const Variable& x);
/// Of angles in radians, of any size; NaN at the infinities.
Variable sin(const Variable& x);
Variable cos(const Variable& x);
/// NaN below 0; the gradient at 0 is infinite.
Variable sqrt(const Variable& x);
/// The gradient at 0 is 0.
Variable abs(const Variable& x);
/// The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x.
Variable erf(const Variable& x);
/// x limited to [low, high]; NaN stays NaN. The gradient passes where low <= x <= high.
/// Throws when low > high or either is NaN.
Variable clamp(const Variable& x, double low, double high);

}  // namespace plumb
