// Products of a few rows with weights that are packed once for all steps of a sequence.
#pragma once

#include "../../simd/block.hpp"
#include "../../simd/transpose_block.hpp"

// A panel is some vectors wide and holds one element of each of its columns, then the next, so that a
// product reads it from front to back. Columns that do not exist are 0.

namespace plumb::kernel {

/// Rows of sums that stay in registers, of which there are 32 or 16, beside the vectors of a panel.
template <int bytes, int vectors>
inline constexpr int tile_rows = (bytes == 64 ? 24 : 12) / vectors;

/// Room for packed weights: panels that cover `columns`, each `steps` long.
constexpr std::int64_t packed_size(std::int64_t columns, std::int64_t width, std::int64_t steps) {
  return (columns + width - 1) / width * width * steps;
}

/// Packs w [gates hidden, steps], transposed, for panels that hold `span` vectors of each gate: those
/// of the same hidden units. Panels begin `stride` elements apart.
template <int bytes, int gates, int span, class T>
PLUMB_INLINE inline void pack_by_unit(std::int64_t hidden, std::int64_t steps, const T* w, T* to,
                                      std::int64_t stride) {
  constexpr std::int64_t lanes = VectorOf<T, bytes>::lanes, width = gates * span * lanes;
  for (std::int64_t unit = 0; unit < hidden; unit += span * lanes, to += stride)
    for (int v = 0; v < gates * span; ++v) {
      const std::int64_t first = unit + v % span * lanes;
      const std::int64_t rows = hidden - first < lanes ? hidden - first : lanes;
      const T* from = rows > 0 ? w + (v / span * hidden + first) * steps : w;
      T* column = to + v * lanes;
      std::int64_t i = 0;
      for (; i + lanes <= steps; i += lanes)
        transpose_square<T, bytes>(from + i, steps, rows, column + i * width, width);
      for (; i < steps; ++i)
        for (std::int64_t j = 0; j < lanes; ++j)
          column[i * width + j] = j < rows ? from[j * steps + i] : T(0);
    }
}

/// Packs w [steps, columns] for panels of `vectors` neighbouring vectors: the rows from row_0 on, then
/// those before it.
template <int bytes, int vectors, class T>
PLUMB_INLINE inline void pack_columns(std::int64_t columns, std::int64_t steps, const T* w,
                                      std::int64_t row_0, T* to) {
  constexpr std::int64_t width = vectors * VectorOf<T, bytes>::lanes;
  for (std::int64_t first = 0; first < columns; first += width)
    for (std::int64_t i = 0; i < steps; ++i, to += width) {
      const std::int64_t row = i + row_0 < steps ? i + row_0 : i + row_0 - steps;
      const T* from = w + row * columns + first;
      const std::int64_t count = columns - first < width ? columns - first : width;
      for (std::int64_t j = 0; j < count; ++j) to[j] = from[j];
      for (std::int64_t j = count; j < width; ++j) to[j] = T(0);
    }
}

/// c [rows, width of the panel] = or += a [rows, steps] times a panel, plus `bias` [width of the panel] on every
/// row where it is not null.
template <class T, int bytes, int vectors, int rows>
PLUMB_INLINE inline void multiply_tile(std::int64_t steps, const T* a, std::int64_t a_stride,
                                       const T* panel, const T* bias, T* c, std::int64_t c_stride,
                                       Write mode) {
  apart<bytes>([=]() PLUMB_INLINE {
    constexpr std::integral_constant<std::int64_t, 1> one;
    constexpr std::integral_constant<std::int64_t, vectors * VectorOf<T, bytes>::lanes> width;
    multiply_block<T, bytes, rows, vectors>(steps, a, a_stride, one, panel, width, bias, mode, c,
                                            c_stride);
  });
}

/// For tiles of nearly equal height that cover `rows` rows: calls multiply(first, count), where count is
/// a constant of the type, then finish(first, count), which is compiled once for all heights.
template <int most, class Multiply, class Finish>
PLUMB_INLINE inline void for_tiles(std::int64_t rows, const Multiply& multiply,
                                   const Finish& finish) {
  const std::int64_t tiles = (rows + most - 1) / most;
  for (std::int64_t tile = 0; tile < tiles; ++tile) {
    const std::int64_t first = tile * rows / tiles, count = (tile + 1) * rows / tiles - first;
    with_constant<most>(count, [&](auto constant) PLUMB_INLINE { multiply(first, constant); });
    finish(first, count);
  }
}

}  // namespace plumb::kernel
