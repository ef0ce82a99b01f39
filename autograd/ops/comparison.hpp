// Relations of variables, elementwise: 1 where one holds, else 0.
#pragma once

#include "../../core/tensor/operators.hpp"
#include "../variable.hpp"

namespace plumb {

// As of tensors (core/tensor/operators.hpp): uint8, broadcast, with a variable, a tensor or a number
// on either side. They are conditions for `where`, and no gradient flows through them.

inline Tensor operator<(const Variable& a, const Variable& b) { return a.value() < b.value(); }
inline Tensor operator<=(const Variable& a, const Variable& b) { return a.value() <= b.value(); }
inline Tensor operator>(const Variable& a, const Variable& b) { return a.value() > b.value(); }
inline Tensor operator>=(const Variable& a, const Variable& b) { return a.value() >= b.value(); }
inline Tensor equal(const Variable& a, const Variable& b) { return equal(a.value(), b.value()); }
inline Tensor not_equal(const Variable& a, const Variable& b) {
  return not_equal(a.value(), b.value());
}

inline Tensor operator<(const Variable& a, double b) { return a.value() < b; }
inline Tensor operator<=(const Variable& a, double b) { return a.value() <= b; }
inline Tensor operator>(const Variable& a, double b) { return a.value() > b; }
inline Tensor operator>=(const Variable& a, double b) { return a.value() >= b; }
inline Tensor equal(const Variable& a, double b) { return equal(a.value(), b); }
inline Tensor not_equal(const Variable& a, double b) { return not_equal(a.value(), b); }

inline Tensor operator<(double a, const Variable& b) { return a < b.value(); }
inline Tensor operator<=(double a, const Variable& b) { return a <= b.value(); }
inline Tensor operator>(double a, const Variable& b) { return a > b.value(); }
inline Tensor operator>=(double a, const Variable& b) { return a >= b.value(); }
inline Tensor equal(double a, const Variable& b) { return equal(a, b.value()); }
inline Tensor not_equal(double a, const Variable& b) { return not_equal(a, b.value()); }

}  // namespace plumb
