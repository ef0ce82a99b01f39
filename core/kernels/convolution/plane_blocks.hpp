// Products whose right rows are pieces of planes, in registers.
#pragma once

#include <algorithm>

#include "../../simd/block.hpp"
#include "../../simd/processor.hpp"

namespace plumb::kernel {

/// Terms that a convolution adds in one chain. Longer sums are cut into stretches, each added to what
/// those before it gave.
inline constexpr std::int64_t longest_chain = 1024;

/// y[r, p] = or, if `add`, += the sum over k of w[r, k] x[offsets[k] + p], for `rows` rows, `across`
/// vectors of p and `taps` elements k. Rows of w are `w_stride` apart, those of y `stride`.
template <class T, int bytes, int rows, int across>
PLUMB_INLINE inline void convolve_block(bool add, std::int64_t taps, const T* w,
                                        std::int64_t w_stride, const std::int64_t* offsets,
                                        const T* x, T* y, std::int64_t stride) {
  using V = VectorOf<T, bytes>;
  typename V::type sum[rows][across] = {};
  for (std::int64_t k = 0; k < taps; ++k) {
    typename V::type seen[across];
#pragma GCC unroll 4
    for (int v = 0; v < across; ++v) seen[v] = V::load(x + offsets[k] + v * V::lanes);
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
      const T weight = w[r * w_stride + k];
#pragma GCC unroll 4
      for (int v = 0; v < across; ++v) sum[r][v] += weight * seen[v];
    }
  }
  const T* no_bias = nullptr;
  write_block<T, bytes>(sum, no_bias, add ? Write::accumulate : Write::overwrite, y, stride);
}

/// Such a block at its largest. Where there are 16 registers six channels are one block.
template <int bytes>
inline constexpr int block_vectors = bytes == 64 ? 3 : 2;
template <int bytes>
inline constexpr int block_rows = bytes == 64 ? 8 : sum_registers<bytes> / block_vectors<bytes>;

/// The same for any number of vectors of positions, in a function of its own.
template <class T, int bytes, int rows>
PLUMB_INLINE inline void convolve_row(bool add, std::int64_t taps, const T* w,
                                      std::int64_t w_stride, const std::int64_t* offsets,
                                      const T* x, T* y, std::int64_t stride,
                                      std::int64_t positions) {
  apart<bytes>([=]() PLUMB_INLINE {
    constexpr std::int64_t lanes = VectorOf<T, bytes>::lanes;
    for (std::int64_t p = 0; p < positions; p += block_vectors<bytes> * lanes)
      with_constant<block_vectors<bytes>>(
          std::min<std::int64_t>((positions - p) / lanes, block_vectors<bytes>),
          [=](auto across) PLUMB_INLINE {
            convolve_block<T, bytes, rows, across>(add, taps, w, w_stride, offsets, x + p, y + p,
                                                   stride);
          });
  });
}

}  // namespace plumb::kernel
