#include "winograd.hpp"

#include <algorithm>

#include "../../runtime/parallel.hpp"
#include "../matmul/register_gemm.hpp"
#include "weight_blocks.hpp"
#include "winograd_pixels.hpp"
#include "winograd_transforms.hpp"
#include "winograd_weights.hpp"

// Tiles, patches and transforms are those of winograd_transforms.hpp: for each of 16 points the sum
// over channels is a matrix product, tiles [t, c] by weights [c, o]. So that channels are vectors,
// each image is transposed on its way in and out.

namespace plumb::kernel {
namespace {

// Transforms the side x side pixels from (row, column) on to tile t of out [16, tiles, planes].
template <int bytes, int side, class M, class T>
PLUMB_INLINE inline void transform_pixels(const Pixels<T>& pixels, std::int64_t row,
                                          std::int64_t column, const M& map, T* out,
                                          std::int64_t point) {
  using V = VectorOf<T, bytes>;
  const T* from[side][side];
#pragma GCC unroll 4
  for (int i = 0; i < side; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < side; ++j) from[i][j] = pixels.at(row + i, column + j);
  for (std::int64_t c = 0; c < pixels.planes; c += V::lanes) {
    typename V::type d[side][side], v[4][4];
#pragma GCC unroll 4
    for (int i = 0; i < side; ++i)
#pragma GCC unroll 4
      for (int j = 0; j < side; ++j) d[i][j] = V::load(from[i][j] + c);
    transform(d, v, map);
#pragma GCC unroll 16
    for (int k = 0; k < points; ++k) V::store(out + k * point + c, v[k / 4][k % 4]);
  }
}

// Whether something is read or written by way of a pooling, which needs room of its own.
enum class Pools : std::uint8_t { no, yes };

// What one thread needs for a chunk.
template <class T>
struct Room {
  Room(const ConvolutionSizes& s, const Chunks& chunks, Pools pools)
      : tiles(chunks.most_tiles() | 1),
        memory(Tensor::empty(
            {x_pixels(s, chunks) * s.channels + y_pixels(s, chunks) * s.outputs +
             points * tiles * (s.channels + s.outputs) +
             (pools == Pools::yes ? 3 * pooled_pixels(s, chunks) * most_planes(s) : 0)},
            dtype_of<T>)),
        zeros(Tensor::zeros({most_planes(s)}, dtype_of<T>)),
        patches(memory.mutable_data<T>()),
        products(patches + points * tiles * s.channels),
        pooled(products + points * tiles * s.outputs +
               (x_pixels(s, chunks) * s.channels + y_pixels(s, chunks) * s.outputs)),
        x{products + points * tiles * s.outputs, zeros.data<T>(), s.channels, s.image, pooled},
        y{x.data + x_pixels(s, chunks) * s.channels, zeros.data<T>(), s.outputs, s.result, pooled} {
  }

  // For which each point has room: an odd number, so that writes to all 16 points do not meet in one set of the cache.
  std::int64_t tiles;
  Tensor memory, zeros;
  T* patches;   // [16, tiles, channels]
  T* products;  // [16, tiles, outputs]
  T* pooled;
  Pixels<T> x, y;

 private:
  static std::int64_t most_planes(const ConvolutionSizes& s) {
    return std::max(s.channels, s.outputs);
  }
  static std::int64_t x_pixels(const ConvolutionSizes& s, const Chunks& chunks) {
    return (2 * chunks.most_rows() + 2) * s.image.width;
  }
  static std::int64_t y_pixels(const ConvolutionSizes& s, const Chunks& chunks) {
    return 2 * chunks.most_rows() * s.result.width;
  }
  // Of the rows of x or y that a chunk sees.
  static std::int64_t pooled_pixels(const ConvolutionSizes& s, const Chunks& chunks) {
    return (chunks.most_rows() + 2) * std::max(s.image.width, s.result.width) / 2;
  }
};

// B^T d B for all patches of a chunk.
template <int bytes, class T, class Source>
PLUMB_INLINE inline void transform_patches(const ConvolutionSizes& s, Room<T>& room,
                                           const Source& image, const Chunk& chunk) {
  const std::int64_t up = s.windows.padding.height, left = s.windows.padding.width;
  room.x.template read<bytes>(image, 2 * chunk.top - up, 2 * chunk.bottom + 2 - up);
  T* out = room.patches;
  for (std::int64_t i = chunk.top; i < chunk.bottom; ++i)
    for (std::int64_t j = 0; j < chunk.across; ++j, out += s.channels)
      transform_pixels<bytes, 4>(room.x, 2 * i - up, 2 * j - left, PatchMap(), out,
                                 room.tiles * s.channels);
}

// A g A^T likewise.
template <int bytes, class T, class Source>
PLUMB_INLINE inline void transform_seeds(const ConvolutionSizes& s, Room<T>& room, const Source& g,
                                         const Chunk& chunk) {
  room.y.template read<bytes>(g, 2 * chunk.top, 2 * chunk.bottom);
  T* out = room.products;
  for (std::int64_t i = chunk.top; i < chunk.bottom; ++i)
    for (std::int64_t j = 0; j < chunk.across; ++j, out += s.outputs)
      transform_pixels<bytes, 2>(room.y, 2 * i, 2 * j, SeedMap(), out, room.tiles * s.outputs);
}

// A^T m A + bias of a vector of outputs, whose points stand `point` elements apart.
template <class V, class T>
PLUMB_INLINE inline void tile_of(const T* in, std::int64_t point, const T* bias,
                                 typename V::type (&out)[2][2]) {
  typename V::type m[4][4];
#pragma GCC unroll 16
  for (int k = 0; k < points; ++k) m[k / 4][k % 4] = V::load(in + k * point);
  transform(m, out, ResultMap());
  const typename V::type add = bias == nullptr ? typename V::type{} : V::load(bias);
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) out[k / 2][k % 2] = out[k / 2][k % 2] + add;
}

// Where results go: y = or += A^T m A + bias.
template <class T>
struct Results {
  T* y;
  Write mode;
  const T* bias;

  template <int bytes>
  PLUMB_INLINE void write(const ConvolutionSizes& s, Room<T>& room, const Chunk& chunk,
                          std::int64_t n) const {
    using V = VectorOf<T, bytes>;
    const std::int64_t first = 2 * chunk.top, last = std::min(2 * chunk.bottom, s.result.height);
    const T* in = room.products;
    for (std::int64_t i = chunk.top; i < chunk.bottom; ++i)
      for (std::int64_t j = 0; j < chunk.across; ++j, in += s.outputs) {
        T* to = room.y.data + ((2 * i - first) * s.result.width + 2 * j) * s.outputs;
        const bool below = 2 * i + 1 < s.result.height, right = 2 * j + 1 < s.result.width;
        for (std::int64_t o = 0; o < s.outputs; o += V::lanes) {
          typename V::type out[2][2];
          tile_of<V>(in + o, room.tiles * s.outputs, bias == nullptr ? nullptr : bias + o, out);
          V::store(to + o, out[0][0]);
          if (right) V::store(to + s.outputs + o, out[0][1]);
          if (!below) continue;
          T* next = to + s.result.width * s.outputs;
          V::store(next + o, out[1][0]);
          if (right) V::store(next + s.outputs + o, out[1][1]);
        }
      }
    transpose_columns<bytes>((last - first) * s.result.width, s.outputs, room.y.data, s.outputs,
                             y + n * s.outputs * s.result_plane() + first * s.result.width,
                             s.result_plane(), mode);
  }
};

// The largest of each tile, which is a window of the pooling, and its place.
template <class T>
struct Largest {
  T* y;
  std::uint8_t* places;
  const T* bias;
  PlaneWindows windows;

  template <int bytes>
  PLUMB_INLINE void write(const ConvolutionSizes& s, Room<T>& room, const Chunk& chunk,
                          std::int64_t n) const {
    using V = Compared<T, bytes>;
    const std::int64_t width = windows.out_width,
                       bottom = std::min(chunk.bottom, windows.out_height),
                       count = std::max<std::int64_t>(bottom - chunk.top, 0) * width;
    T* values = room.pooled;
    T *marks = values + count * s.outputs, *rows = marks + count * s.outputs;
    for (std::int64_t i = chunk.top; i < bottom; ++i)
      for (std::int64_t j = 0; j < width; ++j, values += s.outputs, marks += s.outputs) {
        const T* in = room.products + ((i - chunk.top) * chunk.across + j) * s.outputs;
        for (std::int64_t o = 0; o < s.outputs; o += V::lanes) {
          typename V::type out[2][2], place = {}, below = place + 2;
          tile_of<V>(in + o, room.tiles * s.outputs, bias == nullptr ? nullptr : bias + o, out);
          keep_larger(out[0][0], place, out[0][1], typename V::type(place + 1));
          keep_larger(out[1][0], below, out[1][1], typename V::type(below + 1));
          keep_larger(out[0][0], place, out[1][0], below);
          V::store(values + o, out[0][0]);
          V::store(marks + o, place);
        }
      }
    const std::int64_t first = n * s.outputs * windows.out_size() + chunk.top * width;
    transpose_columns<bytes>(count, s.outputs, room.pooled, s.outputs, y + first,
                             windows.out_size(), Write::overwrite);
    transpose_columns<bytes>(count, s.outputs, room.pooled + count * s.outputs, s.outputs, rows,
                             count, Write::overwrite);
    for (std::int64_t o = 0; o < s.outputs; ++o)
      convert_run(count, rows + o * count, places + first + o * windows.out_size());
  }
};

template <class T>
struct Step {
  const ConvolutionSizes& s;
  Room<T>& room;
  Chunk chunk;
};

template <class T, class X>
void before_products(const Step<T>& f, const X& x) {
  on_wide_vectors([&](auto bytes)
                      PLUMB_INLINE { transform_patches<bytes>(f.s, f.room, x, f.chunk); });
}

template <class T, class G>
void before_weight_products(const Step<T>& f, const Images<T>& x, const G& g) {
  on_wide_vectors([&](auto bytes) PLUMB_INLINE {
    transform_patches<bytes>(f.s, f.room, x, f.chunk);
    transform_seeds<bytes>(f.s, f.room, g, f.chunk);
  });
}

template <class T, class To>
void after_products(const Step<T>& f, const To& to, std::int64_t n) {
  on_wide_vectors([&](auto bytes)
                      PLUMB_INLINE { to.template write<bytes>(f.s, f.room, f.chunk, n); });
}

// --- whole batches ------------------------------------------------------------------------------

template <class T, class X, class To>
void convolve(const ConvolutionSizes& s, const X& x, const T* u, const To& to, Pools pools) {
  const Chunks chunks(s);
  parallel_for(s.images * chunks.count(), 1, [&](std::int64_t begin, std::int64_t end) {
    Room<T> room(s, chunks, pools);
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t n = task / chunks.count(), i = task % chunks.count();
      const Chunk chunk = chunks[i];
      const Step<T> step{s, room, chunk};
      before_products(step, x[n]);
      for (std::int64_t k = 0; k < points; ++k)
        register_gemm<T>(chunk.tiles(), s.outputs, s.channels,
                         {room.patches + k * room.tiles * s.channels, s.channels},
                         {u + k * s.channels * s.outputs, s.outputs},
                         room.products + k * room.tiles * s.outputs, s.outputs, Write::overwrite,
                         nullptr);
      after_products(step, to, n);
    }
  });
}

// dw of the images [begin, end).
template <class T, class G>
void weight_of_images(const ConvolutionSizes& s, const Chunks& chunks, std::int64_t begin,
                      std::int64_t end, T* dw, const G& g, const Images<T>& x, Pools pools) {
  Room<T> room(s, chunks, pools);
  Tensor memory = Tensor::empty({points, s.channels, s.outputs}, dtype_of<T>);
  T* sums = memory.mutable_data<T>();
  Write mode = Write::overwrite;
  for (std::int64_t n = begin; n < end; ++n)
    for (std::int64_t i = 0; i < chunks.count(); ++i) {
      const Chunk chunk = chunks[i];
      before_weight_products<T>({s, room, chunk}, x[n], g[n]);
      for (std::int64_t k = 0; k < points; ++k)
        register_gemm<T>(s.channels, s.outputs, chunk.tiles(),
                         {room.patches + k * room.tiles * s.channels, s.channels, Transpose::yes},
                         {room.products + k * room.tiles * s.outputs, s.outputs},
                         sums + k * s.channels * s.outputs, s.outputs, mode, nullptr);
      mode = Write::accumulate;
    }
  winograd_weights_back(s, sums, dw);
}

// dw, with gradients_of(first), the gradients of the outputs from `first` on.
template <class T, class F>
void sum_weights(const ConvolutionSizes& s, T* dw, Write mode, const T* x, Pools pools,
                 F gradients_of) {
  constexpr std::int64_t fewest = 16;  // outputs of a part
  const Chunks chunks(s);
  const std::int64_t groups = s.outputs / fewest, parts = parts_of_blocks(s, groups);
  sum_weight_parts(
      s, dw, mode, parts, [&](std::int64_t begin, std::int64_t end, std::int64_t part, T* sums) {
        const std::int64_t first = part * groups / parts * fewest;
        ConvolutionSizes own = s;
        own.outputs = (part + 1) * groups / parts * fewest - first;
        weight_of_images(own, chunks, begin, end, sums + first * s.column(), gradients_of(first),
                         Images<T>{x, s.channels * s.image_plane()}, pools);
      });
}

}  // namespace

bool has_winograd(const ConvolutionSizes& s) {
  return isa() != Isa::base && s.kernel == 3 && s.windows.stride == 1 && s.windows.dilation == 1 &&
         s.windows.groups == 1 && s.channels % 16 == 0 && s.outputs % 16 == 0 &&
         s.result_plane() >= 64;
}

bool has_winograd_image(const ConvolutionSizes& s) {
  return has_winograd(s) && s.windows.padding.height <= 2 && s.windows.padding.width <= 2;
}

template <class T>
void winograd_convolution(const ConvolutionSizes& s, T* y, Write mode, const T* x, const T* w,
                          const T* bias) {
  const Tensor u = winograd_weights(s, w, Leading::forward);
  convolve(s, Images<T>{x, s.channels * s.image_plane()}, u.data<T>(), Results<T>{y, mode, bias},
           Pools::no);
}

template <class T>
void winograd_convolution_max_pool(const ConvolutionSizes& s, T* y, std::uint8_t* places,
                                   const PlaneWindows& pool, const T* x, const T* w,
                                   const T* bias) {
  const Tensor u = winograd_weights(s, w, Leading::forward);
  convolve(s, Images<T>{x, s.channels * s.image_plane()}, u.data<T>(),
           Largest<T>{y, places, bias, pool}, Pools::yes);
}

template <class T>
void winograd_convolution_image(const ConvolutionSizes& s, T* dx, Write mode, const T* g,
                                const T* w, const T* bias) {
  const Tensor u = winograd_weights(s, w, Leading::back);
  convolve(s.backwards(), Images<T>{g, s.outputs * s.result_plane()}, u.data<T>(),
           Results<T>{dx, mode, bias}, Pools::no);
}

template <class T>
void winograd_pooled_image(const ConvolutionSizes& s, T* dx, Write mode, const PooledGradient& g,
                           const T* w) {
  const Tensor u = winograd_weights(s, w, Leading::back);
  convolve(s.backwards(), PooledImages<T>(g), u.data<T>(), Results<T>{dx, mode, nullptr},
           Pools::yes);
}

template <class T>
void winograd_convolution_weight(const ConvolutionSizes& s, T* dw, Write mode, const T* g,
                                 const T* x) {
  sum_weights(s, dw, mode, x, Pools::no, [&](std::int64_t first) {
    return Images<T>{g + first * s.result_plane(), s.outputs * s.result_plane()};
  });
}

template <class T>
void winograd_pooled_weight(const ConvolutionSizes& s, T* dw, Write mode, const PooledGradient& g,
                            const T* x) {
  sum_weights(s, dw, mode, x, Pools::yes,
              [&](std::int64_t first) { return PooledImages<T>(g, first); });
}

template void winograd_convolution(const ConvolutionSizes&, float*, Write, const float*,
                                   const float*, const float*);
template void winograd_convolution_max_pool(const ConvolutionSizes&, float*, std::uint8_t*,
                                            const PlaneWindows&, const float*, const float*,
                                            const float*);
template void winograd_convolution_image(const ConvolutionSizes&, float*, Write, const float*,
                                         const float*, const float*);
template void winograd_pooled_image(const ConvolutionSizes&, float*, Write, const PooledGradient&,
                                    const float*);
template void winograd_convolution_weight(const ConvolutionSizes&, float*, Write, const float*,
                                          const float*);
template void winograd_pooled_weight(const ConvolutionSizes&, float*, Write, const PooledGradient&,
                                     const float*);
template void winograd_convolution(const ConvolutionSizes&, double*, Write, const double*,
                                   const double*, const double*);
template void winograd_convolution_max_pool(const ConvolutionSizes&, double*, std::uint8_t*,
                                            const PlaneWindows&, const double*, const double*,
                                            const double*);
template void winograd_convolution_image(const ConvolutionSizes&, double*, Write, const double*,
                                         const double*, const double*);
template void winograd_pooled_image(const ConvolutionSizes&, double*, Write, const PooledGradient&,
                                    const double*);
template void winograd_convolution_weight(const ConvolutionSizes&, double*, Write, const double*,
                                          const double*);
template void winograd_pooled_weight(const ConvolutionSizes&, double*, Write, const PooledGradient&,
                                     const double*);

}  // namespace plumb::kernel
