// Operators on tensors, for data and for the rules of one's own operations.
#pragma once

#include "tensor.hpp"

namespace plumb {

/// Elementwise with NumPy broadcasting; both of one dtype. Throw "[add] ..." otherwise.
Tensor operator+(const Tensor& a, const Tensor& b);
Tensor operator-(const Tensor& a, const Tensor& b);
Tensor operator*(const Tensor& a, const Tensor& b);
/// Floating tensors only.
Tensor operator/(const Tensor& a, const Tensor& b);

/// The number is converted to the tensor's dtype. A number that an integer tensor cannot hold
/// exactly is refused: convert the tensor with to() first. Integers wrap around.
Tensor operator+(const Tensor& a, double b);
Tensor operator-(const Tensor& a, double b);
Tensor operator*(const Tensor& a, double b);
Tensor operator/(const Tensor& a, double b);
Tensor operator+(double a, const Tensor& b);
Tensor operator-(double a, const Tensor& b);
Tensor operator*(double a, const Tensor& b);
Tensor operator/(double a, const Tensor& b);
Tensor operator-(const Tensor& a);

/// 1 where the relation holds, else 0, as uint8; broadcast. A condition for `where`. NaN is unequal
/// to everything, and no other relation holds for it.
Tensor operator<(const Tensor& a, const Tensor& b);
Tensor operator<=(const Tensor& a, const Tensor& b);
Tensor operator>(const Tensor& a, const Tensor& b);
Tensor operator>=(const Tensor& a, const Tensor& b);
/// Elementwise equality as uint8 (operator== would be misread as comparing whole tensors).
Tensor equal(const Tensor& a, const Tensor& b);
Tensor not_equal(const Tensor& a, const Tensor& b);

/// The same with a number, which a floating tensor takes in its own type (x equals 0.1 in float32 if
/// it is 0.1f). Integers are compared with the number as it is, whatever it is: 1 > 0.5.
Tensor operator<(const Tensor& a, double b);
Tensor operator<=(const Tensor& a, double b);
Tensor operator>(const Tensor& a, double b);
Tensor operator>=(const Tensor& a, double b);
Tensor equal(const Tensor& a, double b);
Tensor not_equal(const Tensor& a, double b);
inline Tensor operator<(double a, const Tensor& b) { return b > a; }
inline Tensor operator<=(double a, const Tensor& b) { return b >= a; }
inline Tensor operator>(double a, const Tensor& b) { return b < a; }
inline Tensor operator>=(double a, const Tensor& b) { return b <= a; }
inline Tensor equal(double a, const Tensor& b) { return equal(b, a); }
inline Tensor not_equal(double a, const Tensor& b) { return not_equal(b, a); }

}  // namespace plumb
