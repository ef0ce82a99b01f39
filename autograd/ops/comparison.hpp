// Relations of variables, elementwise: 1 where one holds, else 0.
#pragma once

#include "../../core/tensor/operators.hpp"
#include "../variable.hpp"

namespace plumb {

namespace detail {
// Undefined for an undefined variable, which the relation of tensors then refuses by its name.
inline Tensor value_or_none(const Variable& x) { return x.defined() ? x.value() : Tensor(); }
}  // namespace detail

// As of tensors (core/tensor/operators.hpp): uint8, broadcast, with a variable, a tensor or a number
// on either side. They are conditions for `where`, and no gradient flows through them.

inline Tensor operator<(const Variable& a, const Variable& b) {
  return detail::value_or_none(a) < detail::value_or_none(b);
}
inline Tensor operator<=(const Variable& a, const Variable& b) {
  return detail::value_or_none(a) <= detail::value_or_none(b);
}
inline Tensor operator>(const Variable& a, const Variable& b) {
  return detail::value_or_none(a) > detail::value_or_none(b);
}
inline Tensor operator>=(const Variable& a, const Variable& b) {
  return detail::value_or_none(a) >= detail::value_or_none(b);
}
inline Tensor equal(const Variable& a, const Variable& b) {
  return equal(detail::value_or_none(a), detail::value_or_none(b));
}
inline Tensor not_equal(const Variable& a, const Variable& b) {
  return not_equal(detail::value_or_none(a), detail::value_or_none(b));
}

inline Tensor operator<(const Variable& a, double b) { return detail::value_or_none(a) < b; }
inline Tensor operator<=(const Variable& a, double b) { return detail::value_or_none(a) <= b; }
inline Tensor operator>(const Variable& a, double b) { return detail::value_or_none(a) > b; }
inline Tensor operator>=(const Variable& a, double b) { return detail::value_or_none(a) >= b; }
inline Tensor equal(const Variable& a, double b) { return equal(detail::value_or_none(a), b); }
inline Tensor not_equal(const Variable& a, double b) {
  return not_equal(detail::value_or_none(a), b);
}

inline Tensor operator<(double a, const Variable& b) { return a < detail::value_or_none(b); }
inline Tensor operator<=(double a, const Variable& b) { return a <= detail::value_or_none(b); }
inline Tensor operator>(double a, const Variable& b) { return a > detail::value_or_none(b); }
inline Tensor operator>=(double a, const Variable& b) { return a >= detail::value_or_none(b); }
inline Tensor equal(double a, const Variable& b) { return equal(a, detail::value_or_none(b)); }
inline Tensor not_equal(double a, const Variable& b) {
  return not_equal(a, detail::value_or_none(b));
}

}  // namespace plumb
