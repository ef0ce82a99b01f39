// The sums of the lanes of several vectors, found side by side.
#pragma once

#include "vector.hpp"

namespace plumb::kernel {

namespace detail {
// Adds neighbours within `count` vectors until the sums of `lanes` elements are left, in x[0].
template <int count, int lanes, class T, class V>
PLUMB_INLINE inline void add_neighbours(V* x) {
  constexpr int left = count > 1 ? count / 2 : 1;
#pragma GCC unroll 8
  for (int i = 0; i < left; ++i) {
    V even, odd;
    kernel::separate<sizeof(V) / sizeof(T)>(x[2 * i % count], x[(2 * i + 1) % count], even, odd);
    x[i] = even + odd;
  }
  if constexpr (lanes > 2) add_neighbours<left, lanes / 2, T>(x);
}
}  // namespace detail

/// totals[i] = the sum of the lanes of x[i], for `count` vectors, a power of two; x is used up.
/// Eight take a third of the instructions that one takes eight times.
template <int count, class T, class V>
PLUMB_INLINE inline void lane_totals(T* totals, V* x) {
  constexpr int lanes = sizeof(V) / sizeof(T), together = count < lanes ? count : lanes;
#pragma GCC unroll 8
  for (int i = 0; i < count; i += together) {
    detail::add_neighbours<together, lanes, T>(x + i);
    T each[lanes];
    store(each, x[i]);
    for (int k = 0; k < together; ++k) totals[i + k] = each[k];
  }
}

}  // namespace plumb::kernel
