// Panels: what is multiplied with blocks of rows, one or two vectors wide.
#pragma once

#include "../../simd/transpose_block.hpp"
#include "gemm.hpp"

namespace plumb::kernel {

/// Steps of op(b) as wide as one or two vectors, `stride` elements apart.
template <class T>
struct Panel {
  const T* data;
  std::int64_t stride;
};

/// Packs `columns` columns of op(b), k steps long.
template <class T, int bytes, int vectors>
PLUMB_INLINE inline void pack_panel(std::int64_t k, std::int64_t columns, const Matrix<T>& b,
                                    const T* from, T* panel) {
  using V = VectorOf<T, bytes>;
  constexpr std::int64_t width = V::lanes * vectors;
  std::int64_t i = 0;
  if (b.transpose == Transpose::no) {
    if (columns == width)
      for (; i < k; ++i)
        for (int v = 0; v < vectors; ++v)
          *reinterpret_cast<typename V::type*>(panel + i * width + v * V::lanes) =
              *reinterpret_cast<const typename V::unaligned*>(from + i * b.stride + v * V::lanes);
  } else {
    for (; i + V::lanes <= k; i += V::lanes)
      for (int v = 0; v < vectors; ++v)
        transpose_square<T, bytes>(from + v * V::lanes * b.stride + i, b.stride,
                                   columns - v * V::lanes, panel + i * width + v * V::lanes, width);
  }
  for (; i < k; ++i)
    for (std::int64_t j = 0; j < width; ++j)
      panel[i * width + j] = j >= columns                   ? T(0)
                             : b.transpose == Transpose::no ? from[i * b.stride + j]
                                                            : from[j * b.stride + i];
}

}  // namespace plumb::kernel
