// Blocks of sums that stay in vector registers while a product runs along its inner side.
#pragma once

#include "../tensor/write.hpp"
#include "vector.hpp"

namespace plumb::kernel {

namespace detail {
template <class F>
__attribute__((noinline)) void run_base_apart(const F& f) {
  f();
}
template <class F>
PLUMB_V3 __attribute__((noinline)) void run_v3_apart(const F& f) {
  f();
}
template <class F>
PLUMB_V4 __attribute__((noinline)) void run_v4_apart(const F& f) {
  f();
}
}  // namespace detail

/// Runs f(), a lambda marked PLUMB_INLINE, in a function of its own for the instruction set whose
/// vectors have so many bytes: one from which it is called already. As a part of a large function a
/// loop that needs all registers may lose one to it: g++ 12 then keeps one of twelve sums of AVX2 in
/// memory, and the loop takes 1.8 times as long.
template <int bytes, class F>
PLUMB_INLINE inline void apart(const F& f) {
  if constexpr (bytes == 64) {
    detail::run_v4_apart(f);
  } else if constexpr (bytes == 32) {
    detail::run_v3_apart(f);
  } else {
    detail::run_base_apart(f);
  }
}

/// c [rows, vectors] = or += sum, plus `bias` [vectors] on every row where it is not null. Rows of c
/// are `stride` elements apart. sum is used up.
template <class T, int bytes, int rows, int vectors>
PLUMB_INLINE inline void write_block(typename VectorOf<T, bytes>::type (&sum)[rows][vectors],
                                     const T* bias, Write mode, T* c, std::int64_t stride) {
  using V = VectorOf<T, bytes>;
  // Each question once for all vectors: asked for each of them, it makes most of the code.
  if (bias != nullptr)
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      const typename V::type plus = V::load(bias + v * V::lanes);
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) sum[r][v] += plus;
    }
  if (mode == Write::accumulate)
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) sum[r][v] += V::load(c + r * stride + v * V::lanes);
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) V::store(c + r * stride + v * V::lanes, sum[r][v]);
}

/// c [rows, vectors] = or += a [rows, k] b [k, vectors], plus `bias` [vectors] where it is not null.
/// Element (r, i) of a stands at r a_row + i a_step, where a number that is known is a constant of its
/// type; rows of b are `b_stride` elements apart.
template <class T, int bytes, int rows, int vectors, class Row, class Step, class Stride>
PLUMB_INLINE inline void multiply_block(std::int64_t k, const T* a, Row a_row, Step a_step,
                                        const T* b, Stride b_stride, const T* bias, Write mode,
                                        T* c, std::int64_t stride) {
  using V = VectorOf<T, bytes>;
  typename V::type sum[rows][vectors] = {};
  for (std::int64_t i = 0; i < k; ++i) {
    typename V::type right[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v)
      right[v] = *reinterpret_cast<const typename V::unaligned*>(b + i * b_stride + v * V::lanes);
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
      const T left = a[r * a_row + i * a_step];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[r][v] += left * right[v];
    }
  }
  write_block<T, bytes>(sum, bias, mode, c, stride);
}

}  // namespace plumb::kernel
