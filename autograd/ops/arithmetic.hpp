// Arithmetic on variables, with NumPy broadcasting throughout.
#pragma once

#include "../variable.hpp"

namespace plumb {

/// Elementwise sums, differences, products and quotients of two variables that broadcast.
/// Throw "[add] ..." when the shapes do not broadcast or the dtypes differ.
Variable add(const Variable& a, const Variable& b);
Variable sub(const Variable& a, const Variable& b);
Variable mul(const Variable& a, const Variable& b);
Variable div(const Variable& a, const Variable& b);

/// The same with a number, which takes the variable's dtype.
Variable add(const Variable& a, double b);
Variable mul(const Variable& a, double b);
Variable div(const Variable& a, double b);
Variable div(double a, const Variable& b);

/// -x.
Variable neg(const Variable& x);

/// a^b, broadcast. The gradient of b is 0 where a is 0 and b >= 0.
Variable pow(const Variable& a, const Variable& b);
/// a^b for a fixed exponent; the gradient is 0 for b = 0, also at a = 0.
Variable pow(const Variable& a, double b);

/// The larger (smaller) of two elements, NaN where either is NaN. Where they are equal each gets
/// half of the gradient, as in PyTorch.
Variable maximum(const Variable& a, const Variable& b);
Variable minimum(const Variable& a, const Variable& b);

/// Elements of a where `condition` (uint8) is not 0, of b elsewhere; all three broadcast. The operand
/// that was not taken gets a gradient of 0, which its own rule may multiply by an infinite slope, to
/// NaN: where(x > 0, sqrt(x), x) at -1, as in PyTorch. The safe form keeps such inputs out of the
/// function too: where(x > 0, sqrt(where(x > 0, x, 1)), x).
Variable where(const Tensor& condition, const Variable& a, const Variable& b);

/// `value` where `mask` (uint8, as comparisons give it) is not 0, x elsewhere; both broadcast. The
/// gradient of x is 0 where the value stands, and what x holds there does not reach the result.
/// Throws for a mask of another type and for a number that an integer x cannot hold.
///
/// ```
/// masked_fill(scores, hidden, -INFINITY);  // before a softmax
/// ```
Variable masked_fill(const Variable& x, const Tensor& mask, double value);

inline Variable operator+(const Variable& a, const Variable& b) { return add(a, b); }
inline Variable operator-(const Variable& a, const Variable& b) { return sub(a, b); }
inline Variable operator*(const Variable& a, const Variable& b) { return mul(a, b); }
inline Variable operator/(const Variable& a, const Variable& b) { return div(a, b); }
inline Variable operator+(const Variable& a, double b) { return add(a, b); }
inline Variable operator-(const Variable& a, double b) { return add(a, -b); }
inline Variable operator*(const Variable& a, double b) { return mul(a, b); }
inline Variable operator/(const Variable& a, double b) { return div(a, b); }
inline Variable operator+(double a, const Variable& b) { return add(b, a); }
inline Variable operator-(double a, const Variable& b) { return add(neg(b), a); }
inline Variable operator*(double a, const Variable& b) { return mul(b, a); }
inline Variable operator/(double a, const Variable& b) { return div(a, b); }
inline Variable operator-(const Variable& x) { return neg(x); }

/// a = a + b and so on: `a` becomes a handle on the new value, which the graph has like any other.
/// Nothing changes in place: other handles on the old value keep it. A leaf that was `a` is not the
/// result, and stays in the graph; to change a parameter itself there is set_value().
inline Variable& operator+=(Variable& a, const Variable& b) { return a = a + b; }
inline Variable& operator-=(Variable& a, const Variable& b) { return a = a - b; }
inline Variable& operator*=(Variable& a, const Variable& b) { return a = a * b; }
inline Variable& operator/=(Variable& a, const Variable& b) { return a = a / b; }
inline Variable& operator+=(Variable& a, double b) { return a = a + b; }
inline Variable& operator-=(Variable& a, double b) { return a = a - b; }
inline Variable& operator*=(Variable& a, double b) { return a = a * b; }
inline Variable& operator/=(Variable& a, double b) { return a = a / b; }

}  // namespace plumb
