#include "channel_sums.hpp"

#include <algorithm>
#include <cmath>

#include "../../simd/lane_sums.hpp"
#include "../../simd/loops.hpp"
#include "../../tensor/internal/dispatch.hpp"

namespace plumb::kernel {
namespace {

// Elements of a channel that one partial sum takes in, at least; channels that are summed side by
// side where their runs are single elements.
constexpr std::int64_t block_run = 256;
constexpr std::int64_t block_width = 64;

// Some images of some channels: `index` numbers the blocks of a channel.
struct ChannelBlock {
  std::int64_t index, first_image, last_image, first_channel, last_channel;
};

// A view cut into blocks, by its shape alone.
struct Cut {
  explicit Cut(const ChannelView& view)
      : view(view),
        images(std::max<std::int64_t>(1, block_run / std::max<std::int64_t>(1, view.length))),
        width(view.length == 1 ? block_width : 1),
        blocks((view.images + images - 1) / images),
        columns((view.channels + width - 1) / width) {}

  // f(bytes, block, room), where vectors have so many bytes and room is for so many elements.
  template <class T, class F>
  void for_each(std::int64_t elements, F f) const {
    const std::int64_t work = images * width * view.length;
    const std::int64_t at_once = work < grain ? grain / std::max<std::int64_t>(1, work) : 1;
    parallel_for(blocks * columns, at_once, [&](std::int64_t begin, std::int64_t end) {
      Room<T> memory(elements);
      T* room = memory.data();
      on_best_vectors([=, &f](auto bytes) PLUMB_INLINE {
        for (std::int64_t task = begin; task < end; ++task) {
          const std::int64_t index = task / columns, column = task % columns;
          f(bytes,
            ChannelBlock{index, index * images, std::min((index + 1) * images, view.images),
                         column * width, std::min((column + 1) * width, view.channels)},
            room);
        }
      });
    });
  }

  // Elements that each channel has in a block.
  double count(std::int64_t index) const {
    return static_cast<double>(std::min(images, view.images - index * images) * view.length);
  }

  ChannelView view;
  std::int64_t images, width;    // of a block
  std::int64_t blocks, columns;  // along images and along channels
};

// `count` sums of each channel of a block, `stride` apart in `out`: add(sums, center, image, in...)
// adds to each of them, and the center is that of the channel: centers begin with the block's first
// (0 without them).
template <int bytes, int count, class T, class F, class... In>
PLUMB_INLINE inline void sum_block(const ChannelView& view, const ChannelBlock& block,
                                   const double* centers, double* out, std::int64_t stride, T* room,
                                   F add, const In&... in) {
  if (view.length != 1) {
    const double center = centers != nullptr ? centers[0] : 0;
    LaneSums<bytes, count> sums;
    for (std::int64_t image = block.first_image; image < block.last_image; ++image) {
      const std::int64_t start = (image * view.channels + block.first_channel) * view.length;
      sums.add(
          view.length,
          [=](auto* sum, const auto&... values)
              PLUMB_INLINE { add(sum, center, image, values...); },
          in.from(start, room)...);
    }
    for (int k = 0; k < count; ++k) out[k * stride] = sums.total(k);
    return;
  }
  cover<bytes / 2>(
      block.last_channel - block.first_channel,
      [=, &view, &block](std::int64_t j, auto number) PLUMB_INLINE {
        constexpr int lanes = std::min<int>(number, bytes / 8), vectors = number / lanes;
        using V = Vector<double, lanes>;
        V sums[vectors][count] = {}, center[vectors] = {};
        if (centers != nullptr)
          for (int v = 0; v < vectors; ++v) load(center[v], centers + j + v * lanes);
        for (std::int64_t image = block.first_image; image < block.last_image; ++image) {
          const std::int64_t start = image * view.channels + block.first_channel + j;
#pragma GCC unroll 4
          for (int v = 0; v < vectors; ++v)
            add(sums[v], center[v], image, Widened<V>(in.from(start + v * lanes, room)).value...);
        }
        for (int v = 0; v < vectors; ++v)
          for (int k = 0; k < count; ++k) store(out + k * stride + j + v * lanes, sums[v][k]);
      });
}

// The two sums over all of each channel.
template <class T, class F, class G>
GradientSums sum_channels(const ChannelView& view, const double* centers, F add, const G& g,
                          const T* x) {
  const Cut cut(view);
  const std::int64_t channels = view.channels;
  Tensor partial = Tensor::empty({2, cut.blocks, channels}, DType::float64);
  double* parts = partial.mutable_data<double>();
  const Elements<T> values{x};
  cut.for_each<T>(g.room(), [=, &view, &cut](auto bytes, const ChannelBlock& block,
                                             T* room) PLUMB_INLINE {
    sum_block<bytes, 2>(view, block, centers == nullptr ? nullptr : centers + block.first_channel,
                        parts + block.index * channels + block.first_channel, cut.blocks * channels,
                        room, add, g, values);
  });
  GradientSums sums{Tensor::zeros({channels}, DType::float64),
                    Tensor::zeros({channels}, DType::float64)};
  double* gradient = sums.gradient.mutable_data<double>();
  double* product = sums.product.mutable_data<double>();
  for (std::int64_t i = 0; i < cut.blocks; ++i)
    for (std::int64_t c = 0; c < channels; ++c) {
      gradient[c] += parts[i * channels + c];
      product[c] += parts[(cut.blocks + i) * channels + c];
    }
  return sums;
}

// The mean of each block and the sum of the squares of the distances from it, in one pass: sums of
// the distances d from the channel's first element of the block and of d^2 lose no more than n
// rounding errors of the latter, because of n elements none has a d^2 above n times the squares.
template <class T>
void block_moments(const Cut& cut, const T* x, double* means, double* squares) {
  const ChannelView& view = cut.view;
  const Elements<T> values{x};
  cut.for_each<T>(0, [=, &view, &cut](auto bytes, const ChannelBlock& block, T* room) PLUMB_INLINE {
    double first[block_width], sums[2][block_width];
    const std::int64_t width = block.last_channel - block.first_channel;
    const T* start = x + (block.first_image * view.channels + block.first_channel) * view.length;
    for (std::int64_t j = 0; j < width; ++j) {
      const double value = view.length > 0 ? static_cast<double>(start[j * view.length]) : 0;
      first[j] = std::isfinite(value) ? value : 0;
    }
    sum_block<bytes, 2>(
        view, block, first, sums[0], block_width, room,
        [](auto* sum, const auto& center, std::int64_t, const auto& value) PLUMB_INLINE {
          const auto distance = value - center;
          sum[0] += distance;
          sum[1] += distance * distance;
        },
        values);
    const double count = cut.count(block.index);
    const std::int64_t at = block.index * view.channels + block.first_channel;
    for (std::int64_t j = 0; j < width; ++j) {
      means[at + j] = first[j] + sums[0][j] / count;
      // Squares too large for a double leave no difference.
      squares[at + j] = std::isinf(sums[1][j])
                            ? sums[1][j]
                            : std::max(0.0, sums[1][j] - sums[0][j] * sums[0][j] / count);
    }
  });
}

// The sums of g and of g (x - mean).
template <class T, class G>
GradientSums gradient_sums(const G& g, const T* x, const ChannelView& view, const Tensor& mean) {
  return sum_channels(
      view, mean.data<double>(),
      [](auto* sum, const auto& center, std::int64_t, const auto& slope, const auto& value)
          PLUMB_INLINE {
            sum[0] += slope;
            sum[1] += slope * (value - center);
          },
      g, x);
}

}  // namespace

Moments channel_moments(const Tensor& x, const ChannelView& view) {
  const Cut cut(view);
  const std::int64_t channels = view.channels;
  Tensor partial = Tensor::empty({2, cut.blocks, channels}, DType::float64);
  double* means = partial.mutable_data<double>();
  double* squares = means + cut.blocks * channels;
  dispatch_floating("channel_moments", x.dtype(), [&](auto tag) {
    block_moments(cut, x.data<typename decltype(tag)::type>(), means, squares);
  });
  // The blocks' own squares, and the blocks' distances from the mean of all (Chan et al. 1983).
  Moments moments{Tensor::zeros({channels}, DType::float64),
                  Tensor::zeros({channels}, DType::float64)};
  double* mean = moments.mean.mutable_data<double>();
  double* sum = moments.squares.mutable_data<double>();
  if (view.count() == 0) return moments;
  for (std::int64_t i = 0; i < cut.blocks; ++i)
    for (std::int64_t c = 0; c < channels; ++c) mean[c] += cut.count(i) * means[i * channels + c];
  for (std::int64_t c = 0; c < channels; ++c) mean[c] /= static_cast<double>(view.count());
  for (std::int64_t i = 0; i < cut.blocks; ++i)
    for (std::int64_t c = 0; c < channels; ++c) {
      const double distance = means[i * channels + c] - mean[c];
      sum[c] += squares[i * channels + c] + cut.count(i) * distance * distance;
    }
  return moments;
}

GradientSums channel_sums(const Tensor& g, const Tensor& x, const ChannelView& view,
                          const Tensor& mean) {
  return dispatch_floating("channel_sums", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    return gradient_sums(Elements<T>{g.data<T>()}, x.data<T>(), view, mean);
  });
}

GradientSums channel_sums(const PooledGradient& g, const Tensor& x, const ChannelView& view,
                          const Tensor& mean) {
  return dispatch_floating("channel_sums", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    return gradient_sums(PooledElements<T>(g), x.data<T>(), view, mean);
  });
}

GradientSums row_sums(const Tensor& g, const Tensor& x, std::int64_t size, const Tensor& mean,
                      const Tensor& inverse) {
  return dispatch_floating("row_sums", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const double *means = mean.data<double>(), *inverses = inverse.data<double>();
    return sum_channels(
        {mean.numel(), size, 1}, nullptr,
        [=](auto* sum, const auto&, std::int64_t row, const auto& slope, const auto& value)
            PLUMB_INLINE {
              sum[0] += slope;
              sum[1] += slope * ((value - means[row]) * inverses[row]);
            },
        Elements<T>{g.data<T>()}, x.data<T>());
  });
}

}  // namespace plumb::kernel
