#include "winograd.hpp"

#include <algorithm>

#include "../../runtime/parallel.hpp"
#include "../../simd/transpose_block.hpp"
#include "../matmul/register_gemm.hpp"
#include "weight_blocks.hpp"
#include "winograd_transforms.hpp"
#include "winograd_weights.hpp"

// Tiles, patches and transforms are those of winograd_transforms.hpp: for each of 16 points the sum
// over channels is a matrix product, tiles [t, c] by weights [c, o]. So that channels are vectors,
// each image is transposed on its way in and out.

namespace plumb::kernel {
namespace {

// --- chunks of tiles ----------------------------------------------------------------------------

// The rows of tiles [top, bottom) of an image, each `across` tiles wide.
struct Chunk {
  std::int64_t top, bottom, across;
  std::int64_t tiles() const { return (bottom - top) * across; }
};

// Rows of tiles of an image whose transforms stay in the second cache together with the weights.
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

// Some rows of an image [planes, h, w], transposed to [rows, w, planes]; 0 outside.
template <class T>
struct Pixels {
  T* data;
  const T* zeros;
  std::int64_t planes;
  Size2d size;
  std::int64_t first = 0, last = 0;  // rows

  // Keeps the rows [begin, end) so far as the image has them.
  template <int bytes>
  PLUMB_INLINE void read(const T* image, std::int64_t begin, std::int64_t end) {
    first = std::clamp<std::int64_t>(begin, 0, size.height);
    last = std::clamp<std::int64_t>(end, first, size.height);
    transpose_rows<bytes>(planes, (last - first) * size.width, image + first * size.width,
                          size.height * size.width, data, planes);
  }
  PLUMB_INLINE const T* at(std::int64_t row, std::int64_t column) const {
    if (row < first || row >= last || column < 0 || column >= size.width) return zeros;
    return data + ((row - first) * size.width + column) * planes;
  }
};

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

// What one thread needs for a chunk.
template <class T>
struct Room {
  Room(const ConvolutionSizes& s, const Chunks& chunks)
      : tiles(chunks.most_tiles()),
        memory(Tensor::empty({(2 * chunks.most_rows() + 2) * s.image.width * s.channels +
                              2 * chunks.most_rows() * s.result.width * s.outputs +
                              points * tiles * (s.channels + s.outputs)},
                             dtype_of<T>)),
        zeros(Tensor::zeros({std::max(s.channels, s.outputs)}, dtype_of<T>)),
        patches(memory.mutable_data<T>()),
        products(patches + points * tiles * s.channels),
        x{products + points * tiles * s.outputs, zeros.data<T>(), s.channels, s.image},
        y{x.data + (2 * chunks.most_rows() + 2) * s.image.width * s.channels, zeros.data<T>(),
          s.outputs, s.result} {}

  std::int64_t tiles;
  Tensor memory, zeros;
  T* patches;   // [16, tiles, channels]
  T* products;  // [16, tiles, outputs]
  Pixels<T> x, y;
};

// B^T d B for all patches of a chunk.
template <int bytes, class T>
PLUMB_INLINE inline void transform_patches(const ConvolutionSizes& s, Room<T>& room, const T* image,
                                           const Chunk& chunk) {
  const std::int64_t up = s.windows.padding.height, left = s.windows.padding.width;
  room.x.template read<bytes>(image, 2 * chunk.top - up, 2 * chunk.bottom + 2 - up);
  T* out = room.patches;
  for (std::int64_t i = chunk.top; i < chunk.bottom; ++i)
    for (std::int64_t j = 0; j < chunk.across; ++j, out += s.channels)
      transform_pixels<bytes, 4>(room.x, 2 * i - up, 2 * j - left, PatchMap(), out,
                                 room.tiles * s.channels);
}

// A g A^T likewise.
template <int bytes, class T>
PLUMB_INLINE inline void transform_seeds(const ConvolutionSizes& s, Room<T>& room, const T* g,
                                         const Chunk& chunk) {
  room.y.template read<bytes>(g, 2 * chunk.top, 2 * chunk.bottom);
  T* out = room.products;
  for (std::int64_t i = chunk.top; i < chunk.bottom; ++i)
    for (std::int64_t j = 0; j < chunk.across; ++j, out += s.outputs)
      transform_pixels<bytes, 2>(room.y, 2 * i, 2 * j, SeedMap(), out, room.tiles * s.outputs);
}

// y = or += A^T m A + bias, for the same tiles.
template <int bytes, class T>
PLUMB_INLINE inline void write_results(const ConvolutionSizes& s, Room<T>& room, T* y, Write mode,
                                       const T* bias, const Chunk& chunk) {
  using V = VectorOf<T, bytes>;
  const std::int64_t first = 2 * chunk.top, last = std::min(2 * chunk.bottom, s.result.height);
  const T* in = room.products;
  for (std::int64_t i = chunk.top; i < chunk.bottom; ++i)
    for (std::int64_t j = 0; j < chunk.across; ++j, in += s.outputs) {
      T* to = room.y.data + ((2 * i - first) * s.result.width + 2 * j) * s.outputs;
      const bool below = 2 * i + 1 < s.result.height, right = 2 * j + 1 < s.result.width;
      for (std::int64_t o = 0; o < s.outputs; o += V::lanes) {
        typename V::type m[4][4], out[2][2];
#pragma GCC unroll 16
        for (int k = 0; k < points; ++k)
          m[k / 4][k % 4] = V::load(in + k * room.tiles * s.outputs + o);
        transform(m, out, ResultMap());
        const typename V::type add = bias == nullptr ? typename V::type{} : V::load(bias + o);
        V::store(to + o, out[0][0] + add);
        if (right) V::store(to + s.outputs + o, out[0][1] + add);
        if (!below) continue;
        T* next = to + s.result.width * s.outputs;
        V::store(next + o, out[1][0] + add);
        if (right) V::store(next + s.outputs + o, out[1][1] + add);
      }
    }
  transpose_columns<bytes>((last - first) * s.result.width, s.outputs, room.y.data, s.outputs,
                           y + first * s.result.width, s.result_plane(), mode);
}

template <class T>
struct Step {
  const ConvolutionSizes& s;
  Room<T>& room;
  Chunk chunk;
};

template <class T>
void before_products(const Step<T>& f, const T* x, const T* g) {
  on_wide_vectors([&](auto bytes) PLUMB_INLINE {
    transform_patches<bytes>(f.s, f.room, x, f.chunk);
    if (g != nullptr) transform_seeds<bytes>(f.s, f.room, g, f.chunk);
  });
}

template <class T>
void after_products(const Step<T>& f, T* y, Write mode, const T* bias) {
  on_wide_vectors([&](auto bytes)
                      PLUMB_INLINE { write_results<bytes>(f.s, f.room, y, mode, bias, f.chunk); });
}

// --- whole batches ------------------------------------------------------------------------------

template <class T>
void convolve(const ConvolutionSizes& s, T* y, Write mode, const T* x, const T* u, const T* bias) {
  const Chunks chunks(s);
  parallel_for(s.images * chunks.count(), 1, [&](std::int64_t begin, std::int64_t end) {
    Room<T> room(s, chunks);
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t n = task / chunks.count(), i = task % chunks.count();
      const Chunk chunk = chunks[i];
      const Step<T> step{s, room, chunk};
      before_products<T>(step, x + n * s.channels * s.image_plane(), nullptr);
      for (std::int64_t k = 0; k < points; ++k)
        register_gemm<T>(chunk.tiles(), s.outputs, s.channels,
                         {room.patches + k * room.tiles * s.channels, s.channels},
                         {u + k * s.channels * s.outputs, s.outputs},
                         room.products + k * room.tiles * s.outputs, s.outputs, Write::overwrite,
                         nullptr);
      after_products<T>(step, y + n * s.outputs * s.result_plane(), mode, bias);
    }
  });
}

// dw of the images [begin, end), which begin every `g_image` elements in g.
template <class T>
void weight_of_images(const ConvolutionSizes& s, const Chunks& chunks, std::int64_t begin,
                      std::int64_t end, T* dw, const T* g, std::int64_t g_image, const T* x) {
  Room<T> room(s, chunks);
  Tensor memory = Tensor::empty({points, s.channels, s.outputs}, dtype_of<T>);
  T* sums = memory.mutable_data<T>();
  Write mode = Write::overwrite;
  for (std::int64_t n = begin; n < end; ++n)
    for (std::int64_t i = 0; i < chunks.count(); ++i) {
      const Chunk chunk = chunks[i];
      before_products<T>({s, room, chunk}, x + n * s.channels * s.image_plane(), g + n * g_image);
      for (std::int64_t k = 0; k < points; ++k)
        register_gemm<T>(s.channels, s.outputs, chunk.tiles(),
                         {room.patches + k * room.tiles * s.channels, s.channels, Transpose::yes},
                         {room.products + k * room.tiles * s.outputs, s.outputs},
                         sums + k * s.channels * s.outputs, s.outputs, mode, nullptr);
      mode = Write::accumulate;
    }
  winograd_weights_back(s, sums, dw);
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
  convolve(s, y, mode, x, u.data<T>(), bias);
}

template <class T>
void winograd_convolution_image(const ConvolutionSizes& s, T* dx, Write mode, const T* g,
                                const T* w, const T* bias) {
  const Tensor u = winograd_weights(s, w, Leading::back);
  convolve(s.backwards(), dx, mode, g, u.data<T>(), bias);
}

template <class T>
void winograd_convolution_weight(const ConvolutionSizes& s, T* dw, Write mode, const T* g,
                                 const T* x) {
  constexpr std::int64_t fewest = 16;  // outputs of a part
  const Chunks chunks(s);
  const std::int64_t groups = s.outputs / fewest, parts = parts_of_blocks(s, groups);
  sum_weight_parts(
      s, dw, mode, parts, [&](std::int64_t begin, std::int64_t end, std::int64_t part, T* sums) {
        const std::int64_t first = part * groups / parts * fewest;
        ConvolutionSizes own = s;
        own.outputs = (part + 1) * groups / parts * fewest - first;
        weight_of_images(own, chunks, begin, end, sums + first * s.column(),
                         g + first * s.result_plane(), s.outputs * s.result_plane(), x);
      });
}

template void winograd_convolution(const ConvolutionSizes&, float*, Write, const float*,
                                   const float*, const float*);
template void winograd_convolution(const ConvolutionSizes&, double*, Write, const double*,
                                   const double*, const double*);
template void winograd_convolution_image(const ConvolutionSizes&, float*, Write, const float*,
                                         const float*, const float*);
template void winograd_convolution_image(const ConvolutionSizes&, double*, Write, const double*,
                                         const double*, const double*);
template void winograd_convolution_weight(const ConvolutionSizes&, float*, Write, const float*,
                                          const float*);
template void winograd_convolution_weight(const ConvolutionSizes&, double*, Write, const double*,
                                          const double*);

}  // namespace plumb::kernel
