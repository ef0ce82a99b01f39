// How images come to Winograd's algorithm: in chunks of tiles, with channels as vectors.
#pragma once

#include <algorithm>

#include "../../simd/transpose_block.hpp"
#include "../pooling/plane_windows.hpp"
#include "convolution_sizes.hpp"

namespace plumb::kernel {

/// The rows of tiles [top, bottom) of an image, each `across` tiles wide.
struct Chunk {
  std::int64_t top, bottom, across;
  std::int64_t tiles() const { return (bottom - top) * across; }
};

/// Rows of tiles of an image whose transforms stay in the second cache together with the weights.
class Chunks {
 public:
  explicit Chunks(const ConvolutionSizes& s)
      : across_(ceil_divide(s.result.width, 2)),
        down_(ceil_divide(s.result.height, 2)),
        count_(std::clamp<std::int64_t>(ceil_divide(down_ * across_, 64), 1, down_)) {}

  std::int64_t count() const { return count_; }
  Chunk operator[](std::int64_t i) const {
    return {i * down_ / count_, (i + 1) * down_ / count_, across_};
  }
  std::int64_t most_rows() const { return ceil_divide(down_, count_); }
  std::int64_t most_tiles() const { return most_rows() * across_; }

 private:
  std::int64_t across_, down_, count_;
};

/// Images [planes, h, w] that begin `image` elements apart.
template <class T>
struct Images {
  const T* data;
  std::int64_t image;

  Images operator[](std::int64_t n) const { return {data + n * image, image}; }
};

/// The same, of which each 2x2 is 0 but for one element: that of `places`, where it is the element of `data`.
template <class T>
struct PooledImages {
  const T* data;
  const std::uint8_t* places;
  std::int64_t image;
  PlaneWindows windows;

  PooledImages(const PooledGradient& g, std::int64_t first_plane = 0)
      : data(g.g.data<T>() + first_plane * g.windows.out_size()),
        places(g.places.data<std::uint8_t>() + first_plane * g.windows.out_size()),
        image(g.g.dim(1) * g.windows.out_size()),
        windows(g.windows) {}
  PooledImages operator[](std::int64_t n) const {
    PooledImages own = *this;
    own.data += n * image;
    own.places += n * image;
    return own;
  }
};

/// Vectors of at most 32 bytes: g++ 12 takes comparisons of wider ones apart.
template <class T, int bytes>
using Compared = VectorOf<T, (bytes < 32 ? bytes : 32)>;

/// n elements in another type.
template <class From, class To>
PLUMB_INLINE inline void convert_run(std::int64_t n, const From* from, To* to) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) to[i] = static_cast<To>(from[i]);
}

/// Some rows of an image [planes, h, w], transposed to [rows, w, planes]; 0 outside.
template <class T>
struct Pixels {
  T* data;
  const T* zeros;
  std::int64_t planes;
  Size2d size;
  T* pooled;                         // room for values, places, and places by planes
  std::int64_t first = 0, last = 0;  // rows

  /// Keeps the rows [begin, end) so far as the image has them.
  PLUMB_INLINE void keep(std::int64_t begin, std::int64_t end) {
    first = std::clamp<std::int64_t>(begin, 0, size.height);
    last = std::clamp<std::int64_t>(end, first, size.height);
  }
  template <int bytes>
  PLUMB_INLINE void read(const Images<T>& from, std::int64_t begin, std::int64_t end) {
    keep(begin, end);
    transpose_rows<bytes>(planes, (last - first) * size.width, from.data + first * size.width,
                          size.height * size.width, data, planes);
  }
  template <int bytes>
  PLUMB_INLINE void read(const PooledImages<T>& from, std::int64_t begin, std::int64_t end) {
    keep(begin, end);
    const PlaneWindows& w = from.windows;
    const std::int64_t top = first / 2, bottom = std::min((last + 1) / 2, w.out_height),
                       count = std::max<std::int64_t>(bottom - top, 0) * w.out_width;
    T *values = pooled, *places = values + count * planes, *rows = places + count * planes;
    transpose_rows<bytes>(planes, count, from.data + top * w.out_width, w.out_size(), values,
                          planes);
    for (std::int64_t c = 0; c < planes; ++c)
      convert_run(count, from.places + c * w.out_size() + top * w.out_width, rows + c * count);
    transpose_rows<bytes>(planes, count, rows, count, places, planes);
    for (std::int64_t i = top; i < bottom; ++i)
      for (std::int64_t j = 0; j < w.out_width; ++j, values += planes, places += planes)
        spread<bytes>(values, places, 2 * i, 2 * j);
    clear_rest(w);
  }
  PLUMB_INLINE const T* at(std::int64_t row, std::int64_t column) const {
    if (row < first || row >= last || column < 0 || column >= size.width) return zeros;
    return data + ((row - first) * size.width + column) * planes;
  }

 private:
  // Into the 2x2 pixels from (row, column) on, so far as they are kept.
  template <int bytes>
  PLUMB_INLINE void spread(const T* values, const T* places, std::int64_t row,
                           std::int64_t column) {
    using V = Compared<T, bytes>;
    T* upper = data + ((row - first) * size.width + column) * planes;
    T* lower = upper + size.width * planes;
    const bool above = row >= first, below = row + 1 < last;
    const typename V::type zero = {};
    for (std::int64_t c = 0; c < planes; c += V::lanes) {
      const typename V::type value = V::load(values + c), place = V::load(places + c);
      if (above) {
        V::store(upper + c, place == zero ? value : zero);
        V::store(upper + planes + c, place == zero + 1 ? value : zero);
      }
      if (below) {
        V::store(lower + c, place == zero + 2 ? value : zero);
        V::store(lower + planes + c, place == zero + 3 ? value : zero);
      }
    }
  }
  // The last of an odd number of columns or rows, which no window reaches.
  PLUMB_INLINE void clear_rest(const PlaneWindows& w) {
    for (std::int64_t row = first; row < last; ++row) {
      const std::int64_t begin = row < 2 * w.out_height ? 2 * w.out_width : 0;
      T* from = data + (row - first) * size.width * planes;
      std::fill(from + begin * planes, from + size.width * planes, T(0));
    }
  }
};

}  // namespace plumb::kernel
