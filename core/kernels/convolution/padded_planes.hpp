// The channels of an image as planes with the padding in place, and rows copied in and out of them.
#pragma once

#include <cstdint>
#include <cstring>

#include "../../simd/vector.hpp"
#include "../../tensor/write.hpp"
#include "convolution_sizes.hpp"

namespace plumb::kernel {

/// The planes of one image for a convolution of stride 1, with the padding as part of their rows.
/// What the element (i, j) of the kernel sees at all positions is then a piece of the plane itself,
/// from i dilation stride + j dilation on, and nothing has to be copied. In exchange there are
/// positions between the rows of the result, whose windows hang over the right edge: what is
/// computed there is thrown away.
struct PaddedPlanes {
  explicit PaddedPlanes(const ConvolutionSizes& s)
      : stride(s.image.width + 2 * s.windows.padding.width),
        size((s.image.height + 2 * s.windows.padding.height) * stride),
        inside(s.windows.padding.height * stride + s.windows.padding.width),
        positions((s.result.height - 1) * stride + s.result.width) {}

  /// Positions in whole groups of `lanes`.
  std::int64_t rounded(std::int64_t lanes) const { return (positions + lanes - 1) / lanes * lanes; }

  std::int64_t stride;     ///< From a row to the next.
  std::int64_t size;       ///< Elements of a plane.
  std::int64_t inside;     ///< Where the image begins in its plane.
  std::int64_t positions;  ///< From the first of the result to the last.
};

/// The lanes of the widest vector.
inline constexpr std::int64_t most_lanes = 16;

/// Zeros for n elements, and a vector behind them that may be read.
template <class T>
Tensor padded_room(std::int64_t n) {
  return Tensor::zeros({n + most_lanes}, dtype_of<T>);
}

/// Where in the planes of a group each element (c, i, j) of the kernel begins to look: int64.
Tensor offsets_of(const ConvolutionSizes& sizes, const PaddedPlanes& planes);

/// Copies n elements, in moves of a fixed size that overlap at the end: a row is short, and a call
/// of memcpy would cost more than what it copies.
template <int most = 64, class T>
PLUMB_INLINE inline void copy_row(std::int64_t n, const T* from, T* to) {
  constexpr std::int64_t chunk = most / static_cast<int>(sizeof(T));
  if constexpr (chunk <= 1) {
    if (n == 1) *to = *from;
  } else {
    if (n < chunk) return copy_row<most / 2>(n, from, to);
    for (std::int64_t i = 0; i + chunk <= n; i += chunk) std::memcpy(to + i, from + i, most);
    std::memcpy(to + n - chunk, from + n - chunk, most);
  }
}

/// Copies `planes` planes of `rows` rows of `columns`, packed, to rows `stride` and planes `size`
/// apart.
template <class T>
PLUMB_INLINE inline void spread_rows(std::int64_t planes, std::int64_t rows, std::int64_t columns,
                                     const T* from, T* to, std::int64_t stride, std::int64_t size) {
  if (stride == columns) {  // the rows of a plane follow one another
    columns *= rows;
    rows = 1;
  }
  for (std::int64_t p = 0; p < planes; ++p, to += size)
    for (std::int64_t i = 0; i < rows; ++i, from += columns)
      copy_row(columns, from, to + i * stride);
}

/// Copies the channels of one image into padded planes.
template <class T>
PLUMB_INLINE inline void pad_image(const ConvolutionSizes& s, const PaddedPlanes& planes,
                                   const T* image, T* padded) {
  spread_rows(s.channels, s.image.height, s.image.width, image, padded + planes.inside,
              planes.stride, planes.size);
}

/// to = or += the rows of a plane, packed, plus `bias`.
template <int bytes, class T>
PLUMB_INLINE inline void gather_rows(std::int64_t rows, std::int64_t columns, const T* from,
                                     std::int64_t stride, T* to, Write mode, T bias) {
  using V = VectorOf<T, bytes>;
  const T* end = to + rows * columns;
  for (std::int64_t i = 0; i < rows; ++i, from += stride, to += columns) {
    std::int64_t j = 0;
    if (mode == Write::overwrite) {
      // Beyond the row it writes where the next row will: not behind the last.
      for (; j < columns && end - (to + j) >= V::lanes; j += V::lanes)
        V::store(to + j, V::load(from + j) + bias);
      for (; j < columns; ++j) to[j] = from[j] + bias;
    } else {
      for (; j + V::lanes <= columns; j += V::lanes)
        V::store(to + j, V::load(to + j) + (V::load(from + j) + bias));
      for (; j < columns; ++j) to[j] += from[j] + bias;
    }
  }
}

}  // namespace plumb::kernel
