// Products whose right rows are pieces of planes, in registers.
#pragma once

#include "../../simd/vector.hpp"

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
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < across; ++v) {
      T* to = y + r * stride + v * V::lanes;
      V::store(to, add ? V::load(to) + sum[r][v] : sum[r][v]);
    }
}

}  // namespace plumb::kernel
