// Transposing small matrices in registers.
#pragma once

#include "../tensor/write.hpp"
#include "vector.hpp"

namespace plumb::kernel {

/// Writes a square block, as many rows as a vector has lanes, transposed. In each round pairs of
/// rows exchange the halves (then the quarters, and so on) that lie across the diagonal. Rows from
/// `rows` on count as 0.
template <class T, int bytes>
PLUMB_INLINE inline void transpose_square(const T* from, std::int64_t from_stride,
                                          std::int64_t rows, T* to, std::int64_t to_stride) {
  using V = VectorOf<T, bytes>;
  constexpr int n = V::lanes;
  typename V::type x[n];
#pragma GCC unroll 16
  for (int i = 0; i < n; ++i)
    x[i] = i < rows ? V::load(from + i * from_stride) : typename V::type{};
#pragma GCC unroll 4
  for (int half = n / 2; half >= 1; half /= 2) {
    typename V::index low = {}, high = {};
#pragma GCC unroll 16
    for (int j = 0; j < n; ++j) {
      const bool second = (j & half) != 0;
      low[j] = static_cast<typename V::Index>(second ? n + j - half : j);
      high[j] = static_cast<typename V::Index>(second ? n + j : j + half);
    }
#pragma GCC unroll 16
    for (int i = 0; i < n; ++i) {
      if ((i & half) != 0) continue;
      const typename V::type p = x[i], q = x[i + half];
#if defined(__clang__)
      for (int j = 0; j < n; ++j) {
        x[i][j] = low[j] < n ? p[low[j]] : q[low[j] - n];
        x[i + half][j] = high[j] < n ? p[high[j]] : q[high[j] - n];
      }
#else
      x[i] = __builtin_shuffle(p, q, low);
      x[i + half] = __builtin_shuffle(p, q, high);
#endif
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < n; ++i) V::store(to + i * to_stride, x[i]);
}

/// to [columns, rows] = the transpose of from [rows, columns], where `rows` is a multiple of a
/// vector's lanes.
template <int bytes, class T>
PLUMB_INLINE inline void transpose_rows(std::int64_t rows, std::int64_t columns, const T* from,
                                        std::int64_t from_stride, T* to, std::int64_t to_stride) {
  constexpr std::int64_t n = VectorOf<T, bytes>::lanes;
  for (std::int64_t i = 0; i < rows; i += n) {
    std::int64_t j = 0;
    for (; j + n <= columns; j += n)
      transpose_square<T, bytes>(from + i * from_stride + j, from_stride, n, to + j * to_stride + i,
                                 to_stride);
    for (; j < columns; ++j)
      for (std::int64_t k = i; k < i + n; ++k) to[j * to_stride + k] = from[k * from_stride + j];
  }
}

/// to [columns, rows] = or += the transpose of from [rows, columns], where `columns` is a multiple
/// of a vector's lanes.
template <int bytes, class T>
PLUMB_INLINE inline void transpose_columns(std::int64_t rows, std::int64_t columns, const T* from,
                                           std::int64_t from_stride, T* to, std::int64_t to_stride,
                                           Write mode) {
  constexpr std::int64_t n = VectorOf<T, bytes>::lanes;
  for (std::int64_t j = 0; j < columns; j += n) {
    std::int64_t i = 0;
    if (mode == Write::overwrite)
      for (; i + n <= rows; i += n)
        transpose_square<T, bytes>(from + i * from_stride + j, from_stride, n,
                                   to + j * to_stride + i, to_stride);
    for (; i < rows; ++i)
      for (std::int64_t k = j; k < j + n; ++k) {
        T& at = to[k * to_stride + i];
        const T value = from[i * from_stride + k];
        at = mode == Write::overwrite ? value : at + value;
      }
  }
}

}  // namespace plumb::kernel
