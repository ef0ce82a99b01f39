#include "im2col.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "../../runtime/parallel.hpp"
#include "../../simd/processor.hpp"
#include "../lanes.hpp"
#include "../matmul/gemm.hpp"
#include "weight_blocks.hpp"

namespace plumb::kernel {
namespace {

// --- what a window sees -------------------------------------------------------------------------

// One row of positions as one element (c, i, j) of the kernel sees it: `columns` elements of the
// matrix from `at`, of which [begin, end) stand in the image from `from` on, a stride apart.
struct Run {
  std::int64_t at, from, begin, end;
};

template <class F>
void for_each_run(const ConvolutionSizes& s, const Tile& tile, F f) {
  const Windows& windows = s.windows;
  const std::int64_t last = tile.column + tile.columns;
  const std::int64_t stride = windows.stride.width;
  Run run{0, 0, 0, 0};
  for (std::int64_t c = 0; c < s.channels; ++c)
    for (std::int64_t i = 0; i < s.kernel.height; ++i)
      for (std::int64_t j = 0; j < s.kernel.width; ++j) {
        const std::int64_t down = i * windows.dilation.height - windows.padding.height;
        const std::int64_t right = j * windows.dilation.width - windows.padding.width;
        const std::int64_t begin = std::clamp(ceil_divide(-right, stride), tile.column, last);
        const std::int64_t end =
            std::clamp(ceil_divide(s.image.width - right, stride), begin, last);
        for (std::int64_t row = 0; row < tile.rows; ++row) {
          const std::int64_t y = (tile.row + row) * windows.stride.height + down;
          const bool inside = y >= 0 && y < s.image.height && begin < end;
          if (inside) {
            run.from = (c * s.image.height + y) * s.image.width + begin * stride + right;
            run.begin = begin - tile.column;
            run.end = end - tile.column;
          } else {
            run.from = run.begin = run.end = 0;
          }
          f(run);
          run.at += tile.columns;
        }
      }
}

// out[i] = in[stride i]. A row is short: chunks of 64 bytes are moves, where a call of memcpy for
// the whole would cost more than what it copies.
template <class T, class Stride>
void copy_run(std::int64_t n, const T* in, Stride stride, T* out) {
  if constexpr (!std::is_same_v<Stride, std::int64_t>) {
    constexpr std::int64_t chunk = 64 / sizeof(T);
    if (n >= chunk) {
      for (std::int64_t i = 0; i + chunk <= n; i += chunk) std::memcpy(out + i, in + i, 64);
      std::memcpy(out + n - chunk, in + n - chunk, 64);  // over what is there already
      return;
    }
  }
  for (std::int64_t i = 0; i < n; ++i) out[i] = in[i * stride];
}

// --- how the work is cut ------------------------------------------------------------------------

// The positions of y, cut so that the columns of a tile stay in the second-level cache, but not
// into so few that fetching the weights takes longer than the products.
class Tiles {
 public:
  explicit Tiles(const ConvolutionSizes& s) : result_(s.result) {
    constexpr std::int64_t in_cache =
        usual_second_cache_bytes / static_cast<std::int64_t>(sizeof(float));
    const std::int64_t wanted = needs_no_columns(s)
                                    ? s.result_plane()
                                    : std::max<std::int64_t>(256, in_cache / (s.column() + 1));
    columns_ = std::min(wanted, result_.width);
    rows_ = std::clamp<std::int64_t>(wanted / result_.width, 1, result_.height);
    across_ = ceil_divide(result_.width, columns_);
  }

  std::int64_t count() const { return ceil_divide(result_.height, rows_) * across_; }
  std::int64_t largest() const { return rows_ * columns_; }
  Tile operator[](std::int64_t i) const {
    const std::int64_t row = i / across_ * rows_;
    const std::int64_t column = i % across_ * columns_;
    return {row, std::min(rows_, result_.height - row), column,
            std::min(columns_, result_.width - column)};
  }
  // Where the tile begins in a channel of y.
  std::int64_t start(const Tile& tile) const { return tile.row * result_.width + tile.column; }

 private:
  Size2d result_;
  std::int64_t rows_, columns_, across_;
};

// Room for the columns of a tile, of one thread.
template <class T>
class Workspace {
 public:
  Workspace(const ConvolutionSizes& s, const Tiles& tiles)
      : sizes_(s),
        memory_(
            Tensor::empty({needs_no_columns(s) ? 0 : s.column(), tiles.largest()}, dtype_of<T>)),
        data_(memory_.template mutable_data<T>()) {}

  T* data() { return data_; }
  const T* columns(const T* image, const Tile& tile) {
    if (needs_no_columns(sizes_)) return image;
    im2col(sizes_, tile, image, data_);
    return data_;
  }

 private:
  const ConvolutionSizes& sizes_;
  Tensor memory_;
  T* data_;
};

// --- the steps ----------------------------------------------------------------------------------

// Prepares the planes of one image for sums that are added to them.
template <class T>
void start_planes(std::int64_t count, std::int64_t size, T* planes, Write mode, const T* bias) {
  for (std::int64_t p = 0; p < count; ++p, planes += size) {
    const T value = bias != nullptr ? bias[p] : T(0);
    if (mode == Write::overwrite) {
      std::fill(planes, planes + size, value);
    } else if (bias != nullptr) {
      for (std::int64_t i = 0; i < size; ++i) planes[i] += value;
    }
  }
}

// dw = the sum over the images [begin, end), of which there are some.
template <class T>
void weight_of_images(const ConvolutionSizes& s, const Tiles& tiles, std::int64_t begin,
                      std::int64_t end, T* dw, const T* g, const T* x) {
  Workspace<T> workspace(s, tiles);
  Write mode = Write::overwrite;
  const std::int64_t m = s.group_outputs(), k = s.group_column(), plane = s.result_plane();
  for (std::int64_t n = begin; n < end; ++n)
    for (std::int64_t t = 0; t < tiles.count(); ++t) {
      const Tile tile = tiles[t];
      const std::int64_t positions = tile.positions();
      const T* columns = workspace.columns(x + n * s.channels * s.image_plane(), tile);
      const T* seeds = g + n * s.outputs * plane + tiles.start(tile);
      for (std::int64_t group = 0; group < s.windows.groups; ++group)
        gemm<T>(m, k, positions, {seeds + group * m * plane, plane},
                {columns + group * k * positions, positions, Transpose::yes}, dw + group * m * k, k,
                mode);
      mode = Write::accumulate;
    }
}

}  // namespace

bool needs_no_columns(const ConvolutionSizes& s) {
  return s.kernel == 1 && s.windows.stride == 1 && s.windows.padding == 0 && s.image == s.result;
}

template <class T>
void im2col(const ConvolutionSizes& sizes, const Tile& tile, const T* image, T* columns) {
  with_stride(sizes.windows.stride.width, [&](auto stride) {
    for_each_run(sizes, tile, [&](const Run& run) {
      T* out = columns + run.at;
      std::fill(out, out + run.begin, T(0));
      copy_run(run.end - run.begin, image + run.from, stride, out + run.begin);
      std::fill(out + run.end, out + tile.columns, T(0));
    });
  });
}

template <class T>
void col2im(const ConvolutionSizes& sizes, const Tile& tile, const T* columns, T* image) {
  with_stride(sizes.windows.stride.width, [&](auto stride) {
    for_each_run(sizes, tile, [&](const Run& run) {
      const T* in = columns + run.at + run.begin;
      T* out = image + run.from;
#pragma omp simd
      for (std::int64_t i = 0; i < run.end - run.begin; ++i) out[i * stride] += in[i];
    });
  });
}

template <class T>
void im2col_convolution(const ConvolutionSizes& s, T* y, Write mode, const T* x, const T* w,
                        const T* bias) {
  const Tiles tiles(s);
  const std::int64_t m = s.group_outputs(), k = s.group_column(), plane = s.result_plane();
  parallel_for(s.images, s.images_at_once(), [&](std::int64_t begin, std::int64_t end) {
    Workspace<T> workspace(s, tiles);
    for (std::int64_t n = begin; n < end; ++n) {
      T* result = y + n * s.outputs * plane;
      if (bias != nullptr) start_planes(s.outputs, plane, result, mode, bias);
      const Write add = bias != nullptr ? Write::accumulate : mode;
      for (std::int64_t t = 0; t < tiles.count(); ++t) {
        const Tile tile = tiles[t];
        const std::int64_t positions = tile.positions();
        const T* columns = workspace.columns(x + n * s.channels * s.image_plane(), tile);
        for (std::int64_t group = 0; group < s.windows.groups; ++group)
          gemm<T>(m, positions, k, {w + group * m * k, k},
                  {columns + group * k * positions, positions},
                  result + group * m * plane + tiles.start(tile), plane, add);
      }
    }
  });
}

template <class T>
void im2col_convolution_image(const ConvolutionSizes& s, T* dx, Write mode, const T* g, const T* w,
                              const T* bias) {
  const Tiles tiles(s);
  const bool direct = needs_no_columns(s);
  const std::int64_t m = s.group_outputs(), k = s.group_column(), plane = s.result_plane();
  parallel_for(s.images, s.images_at_once(), [&](std::int64_t begin, std::int64_t end) {
    Workspace<T> workspace(s, tiles);
    for (std::int64_t n = begin; n < end; ++n) {
      T* image = dx + n * s.channels * s.image_plane();
      const bool start = bias != nullptr || !direct;
      if (start) start_planes(s.channels, s.image_plane(), image, mode, bias);
      const Write add = !direct ? Write::overwrite : start ? Write::accumulate : mode;
      T* columns = direct ? image : workspace.data();
      for (std::int64_t t = 0; t < tiles.count(); ++t) {
        const Tile tile = tiles[t];
        const std::int64_t positions = tile.positions();
        const T* seeds = g + n * s.outputs * plane + tiles.start(tile);
        for (std::int64_t group = 0; group < s.windows.groups; ++group)
          gemm<T>(k, positions, m, {w + group * m * k, k, Transpose::yes},
                  {seeds + group * m * plane, plane}, columns + group * k * positions, positions,
                  add);
        if (!direct) col2im(s, tile, columns, image);
      }
    }
  });
}

template <class T>
void im2col_convolution_weight(const ConvolutionSizes& s, T* dw, Write mode, const T* g,
                               const T* x) {
  const Tiles tiles(s);
  sum_weight_blocks(s, dw, mode, [&](std::int64_t begin, std::int64_t end, T* sums) {
    weight_of_images(s, tiles, begin, end, sums, g, x);
  });
}

template void im2col(const ConvolutionSizes&, const Tile&, const float*, float*);
template void im2col(const ConvolutionSizes&, const Tile&, const double*, double*);
template void col2im(const ConvolutionSizes&, const Tile&, const float*, float*);
template void col2im(const ConvolutionSizes&, const Tile&, const double*, double*);
template void im2col_convolution(const ConvolutionSizes&, float*, Write, const float*, const float*,
                                 const float*);
template void im2col_convolution(const ConvolutionSizes&, double*, Write, const double*,
                                 const double*, const double*);
template void im2col_convolution_image(const ConvolutionSizes&, float*, Write, const float*,
                                       const float*, const float*);
template void im2col_convolution_image(const ConvolutionSizes&, double*, Write, const double*,
                                       const double*, const double*);
template void im2col_convolution_weight(const ConvolutionSizes&, float*, Write, const float*,
                                        const float*);
template void im2col_convolution_weight(const ConvolutionSizes&, double*, Write, const double*,
                                        const double*);

}  // namespace plumb::kernel
