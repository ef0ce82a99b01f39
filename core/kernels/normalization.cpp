#include "normalization.hpp"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "../dispatch.hpp"
#include "lanes.hpp"
#include "loops.hpp"

namespace plumb::kernel {
namespace {

// Elements of a channel that one partial sum takes in, at least; channels that are summed side by
// side where their runs are single elements.
constexpr std::int64_t block_run = 256;
constexpr std::int64_t block_width = 64;

// Some images of some channels: `index` numbers the blocks of a channel.
struct Block {
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

  template <class F>
  void for_each(F f) const {
    const std::int64_t work = images * width * view.length;
    const std::int64_t at_once = work < grain ? grain / std::max<std::int64_t>(1, work) : 1;
    parallel_for(blocks * columns, at_once, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task) {
        const std::int64_t index = task / columns, column = task % columns;
        f(Block{index, index * images, std::min((index + 1) * images, view.images), column * width,
                std::min((column + 1) * width, view.channels)});
      }
    });
  }

  // Elements that each channel has in a block.
  double count(const Block& block) const {
    return static_cast<double>((block.last_image - block.first_image) * view.length);
  }

  ChannelView view;
  std::int64_t images, width;    // of a block
  std::int64_t blocks, columns;  // along images and along channels
};

// Two sums at once for each channel of a block: add(element, image, channel, first, second) adds
// to both.
template <class F>
void sum_block(const ChannelView& view, const Block& block, double* first, double* second, F add) {
  const std::int64_t width = block.last_channel - block.first_channel;
  std::fill(first, first + width, 0.0);
  std::fill(second, second + width, 0.0);
  for (std::int64_t image = block.first_image; image < block.last_image; ++image) {
    const std::int64_t start = (image * view.channels + block.first_channel) * view.length;
    if (view.length == 1) {
#pragma omp simd
      for (std::int64_t j = 0; j < width; ++j)
        add(start + j, image, block.first_channel + j, first[j], second[j]);
    } else {
      double a = 0, b = 0;
#pragma omp simd reduction(+ : a, b)
      for (std::int64_t i = 0; i < view.length; ++i)
        add(start + i, image, block.first_channel, a, b);
      first[0] += a;
      second[0] += b;
    }
  }
}

// The two sums over all of each channel.
template <class F>
GradientSums sum_channels(const ChannelView& view, F add) {
  const Cut cut(view);
  const std::int64_t channels = view.channels;
  Tensor partial = Tensor::empty({2, cut.blocks, channels}, DType::float64);
  double* first = partial.mutable_data<double>();
  double* second = first + cut.blocks * channels;
  cut.for_each([&](const Block& block) {
    const std::int64_t at = block.index * channels + block.first_channel;
    sum_block(view, block, first + at, second + at, add);
  });
  GradientSums sums{Tensor::zeros({channels}, DType::float64),
                    Tensor::zeros({channels}, DType::float64)};
  double* gradient = sums.gradient.mutable_data<double>();
  double* product = sums.product.mutable_data<double>();
  for (std::int64_t i = 0; i < cut.blocks; ++i)
    for (std::int64_t c = 0; c < channels; ++c) {
      gradient[c] += first[i * channels + c];
      product[c] += second[i * channels + c];
    }
  return sums;
}

// A mean as two numbers of type T: x - high is exact for x near the mean, so that x - mean has all
// its digits even where it is small beside both.
template <class T>
struct Center {
  explicit Center(double mean)
      : high(static_cast<T>(mean)), low(static_cast<T>(mean - static_cast<double>(high))) {}
  T distance(T x) const { return (x - high) - low; }
  T high, low;
};

constexpr std::integral_constant<std::int64_t, 1> contiguous;

// out[i] = or += f(i, constants of its channel) for all elements.
template <class T, class Constants, class F>
void store_channels(const ChannelView& view, T* out, Write mode,
                    const std::vector<Constants>& constants, F f) {
  const Constants* all = constants.data();
  if (view.length == 1) {
    const std::int64_t images = std::max<std::int64_t>(1, grain / view.channels);
    parallel_for(view.images, images, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t image = begin; image < end; ++image) {
        const std::int64_t start = image * view.channels;
        store_lane(out + start, mode, view.channels, contiguous,
                   [=](std::int64_t c) { return f(start + c, all[c]); });
      }
    });
    return;
  }
  const std::int64_t planes = std::max<std::int64_t>(1, grain / view.length);
  parallel_for(view.images * view.channels, planes, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t plane = begin; plane < end; ++plane) {
      const std::int64_t start = plane * view.length;
      const Constants own = all[plane % view.channels];
      store_lane(out + start, mode, view.length, contiguous,
                 [=](std::int64_t i) { return f(start + i, own); });
    }
  });
}

// f(c) for every channel.
template <class F>
auto for_channels(std::int64_t channels, F f) {
  std::vector<decltype(f(channels))> all;
  all.reserve(static_cast<std::size_t>(channels));
  for (std::int64_t c = 0; c < channels; ++c) all.push_back(f(c));
  return all;
}

// Calls f(row) for all rows on several threads.
template <class F>
void for_each_row(const Tensor& x, std::int64_t rows, F f) {
  if (x.numel() == 0) return;
  const std::int64_t at_once = std::max<std::int64_t>(1, grain / (x.numel() / rows));
  parallel_for(rows, at_once, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) f(row);
  });
}

template <class T>
const T* data_or_null(const Tensor& x) {
  return x.defined() ? x.data<T>() : nullptr;
}

}  // namespace

Moments channel_moments(const Tensor& x, const ChannelView& view) {
  const Cut cut(view);
  const std::int64_t channels = view.channels;
  Tensor partial = Tensor::empty({2, cut.blocks, channels}, DType::float64);
  double* means = partial.mutable_data<double>();
  double* squares = means + cut.blocks * channels;
  // Each block in two passes, while it is in the cache: its mean, then the distances from it.
  dispatch_floating("channel_moments", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = x.data<T>();
    cut.for_each([&](const Block& block) {
      double first[block_width], second[block_width];
      sum_block(view, block, first, second,
                [from](std::int64_t i, std::int64_t, std::int64_t, double& sum, double&) {
                  sum += static_cast<double>(from[i]);
                });
      double* mean = means + block.index * channels;
      for (std::int64_t c = block.first_channel; c < block.last_channel; ++c)
        mean[c] = first[c - block.first_channel] / cut.count(block);
      sum_block(view, block, first, second,
                [from, mean](std::int64_t i, std::int64_t, std::int64_t c, double&, double& sum) {
                  const double distance = static_cast<double>(from[i]) - mean[c];
                  sum += distance * distance;
                });
      std::copy(second, second + (block.last_channel - block.first_channel),
                squares + block.index * channels + block.first_channel);
    });
  });
  // The blocks' own squares, and the blocks' distances from the mean of all (Chan et al. 1983).
  Moments moments{Tensor::zeros({channels}, DType::float64),
                  Tensor::zeros({channels}, DType::float64)};
  double* mean = moments.mean.mutable_data<double>();
  double* sum = moments.squares.mutable_data<double>();
  const auto count = [&](std::int64_t block) {
    const std::int64_t images = std::min(cut.images, view.images - block * cut.images);
    return static_cast<double>(images * view.length);
  };
  if (view.count() == 0) return moments;
  for (std::int64_t i = 0; i < cut.blocks; ++i)
    for (std::int64_t c = 0; c < channels; ++c) mean[c] += count(i) * means[i * channels + c];
  for (std::int64_t c = 0; c < channels; ++c) mean[c] /= static_cast<double>(view.count());
  for (std::int64_t i = 0; i < cut.blocks; ++i)
    for (std::int64_t c = 0; c < channels; ++c) {
      const double distance = means[i * channels + c] - mean[c];
      sum[c] += squares[i * channels + c] + count(i) * distance * distance;
    }
  return moments;
}

void scale_channels(Tensor& y, const Tensor& x, const ChannelView& view, const Tensor& mean,
                    const Tensor& factor, const Tensor& shift) {
  if (x.numel() == 0) return;
  dispatch_floating("scale_channels", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    struct Constants {
      Center<T> center;
      T factor, shift;
    };
    const double *means = mean.data<double>(), *factors = factor.data<double>(),
                 *shifts = shift.data<double>();
    const auto constants = for_channels(view.channels, [=](std::int64_t c) {
      return Constants{Center<T>(means[c]), static_cast<T>(factors[c]), static_cast<T>(shifts[c])};
    });
    const T* from = x.data<T>();
    store_channels(view, y.mutable_data<T>(), Write::overwrite, constants,
                   [from](std::int64_t i, const Constants& k) {
                     return k.center.distance(from[i]) * k.factor + k.shift;
                   });
  });
}

GradientSums channel_sums(const Tensor& g, const Tensor& x, const ChannelView& view,
                          const Tensor& mean) {
  return dispatch_floating("channel_sums", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *slope = g.data<T>(), *from = x.data<T>();
    const double* means = mean.data<double>();
    return sum_channels(
        view, [=](std::int64_t i, std::int64_t, std::int64_t c, double& gradient, double& product) {
          const double value = static_cast<double>(slope[i]);
          gradient += value;
          product += value * (static_cast<double>(from[i]) - means[c]);
        });
  });
}

void combine_channels(Tensor& dx, Write mode, const Tensor& g, const Tensor& x,
                      const ChannelView& view, const Tensor& mean, const Tensor& a, const Tensor& b,
                      const Tensor& c) {
  if (dx.numel() == 0) return;
  dispatch_floating("combine_channels", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    struct Constants {
      Center<T> center;
      T a, b, c;
    };
    const double *means = mean.data<double>(), *as = a.data<double>(), *bs = b.data<double>(),
                 *cs = c.data<double>();
    const auto constants = for_channels(view.channels, [=](std::int64_t i) {
      return Constants{Center<T>(means[i]), static_cast<T>(as[i]), static_cast<T>(bs[i]),
                       static_cast<T>(cs[i])};
    });
    const T *slope = g.data<T>(), *from = x.data<T>();
    store_channels(view, dx.mutable_data<T>(), mode, constants,
                   [slope, from](std::int64_t i, const Constants& k) {
                     return k.a * slope[i] + (k.b * k.center.distance(from[i]) + k.c);
                   });
  });
}

void multiply_channels(Tensor& dx, Write mode, const Tensor& g, const ChannelView& view,
                       const Tensor& a) {
  if (dx.numel() == 0) return;
  dispatch_floating("multiply_channels", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const double* factors = a.data<double>();
    const auto constants =
        for_channels(view.channels, [=](std::int64_t c) { return static_cast<T>(factors[c]); });
    const T* slope = g.data<T>();
    store_channels(view, dx.mutable_data<T>(), mode, constants,
                   [slope](std::int64_t i, T factor) { return factor * slope[i]; });
  });
}

void scale_rows(Tensor& y, const Tensor& x, const Tensor& mean, const Tensor& inverse,
                const Tensor& weight, const Tensor& bias) {
  dispatch_floating("scale_rows", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::int64_t rows = mean.numel(), size = rows > 0 ? x.numel() / rows : 0;
    const double *means = mean.data<double>(), *inverses = inverse.data<double>();
    const T *from = x.data<T>(), *w = data_or_null<T>(weight), *b = data_or_null<T>(bias);
    T* to = y.mutable_data<T>();
    for_each_row(x, rows, [=](std::int64_t row) {
      const Center<T> center(means[row]);
      const T factor = static_cast<T>(inverses[row]);
      const T* in = from + row * size;
      const auto store = [&](auto f) {
        store_lane(to + row * size, Write::overwrite, size, contiguous, f);
      };
      const auto unit = [=](std::int64_t i) { return center.distance(in[i]) * factor; };
      if (w == nullptr && b == nullptr) return store(unit);
      if (b == nullptr) return store([=](std::int64_t i) { return unit(i) * w[i]; });
      if (w == nullptr) return store([=](std::int64_t i) { return unit(i) + b[i]; });
      store([=](std::int64_t i) { return unit(i) * w[i] + b[i]; });
    });
  });
}

void layer_norm_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& mean,
                     const Tensor& inverse, const Tensor& weight) {
  dispatch_floating("layer_norm", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::int64_t rows = mean.numel(), size = rows > 0 ? x.numel() / rows : 0;
    const double *means = mean.data<double>(), *inverses = inverse.data<double>();
    const T *slope = g.data<T>(), *from = x.data<T>(), *w = data_or_null<T>(weight);
    T* to = dx.mutable_data<T>();
    // h(i) is the gradient of x^.
    const auto row_gradient = [=](std::int64_t row, auto h) {
      const T* in = from + row * size;
      const double middle = means[row], scale = inverses[row];
      double sum = 0, product = 0;
#pragma omp simd reduction(+ : sum, product)
      for (std::int64_t i = 0; i < size; ++i) {
        const double value = static_cast<double>(h(i));
        sum += value;
        product += value * (static_cast<double>(in[i]) - middle);
      }
      const double n = static_cast<double>(size);
      const Center<T> center(middle);
      const T a = static_cast<T>(scale);
      const T b = static_cast<T>(-scale * scale * scale * product / n);
      const T c = static_cast<T>(-scale * sum / n);
      store_lane(to + row * size, mode, size, contiguous,
                 [=](std::int64_t i) { return a * h(i) + (b * center.distance(in[i]) + c); });
    };
    for_each_row(x, rows, [=](std::int64_t row) {
      const T* gs = slope + row * size;
      if (w == nullptr) return row_gradient(row, [gs](std::int64_t i) { return gs[i]; });
      row_gradient(row, [gs, w](std::int64_t i) { return gs[i] * w[i]; });
    });
  });
}

GradientSums row_sums(const Tensor& g, const Tensor& x, std::int64_t size, const Tensor& mean,
                      const Tensor& inverse) {
  return dispatch_floating("row_sums", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *slope = g.data<T>(), *from = x.data<T>();
    const double *means = mean.data<double>(), *inverses = inverse.data<double>();
    return sum_channels({mean.numel(), size, 1}, [=](std::int64_t i, std::int64_t row, std::int64_t,
                                                     double& gradient, double& product) {
      const double value = static_cast<double>(slope[i]);
      gradient += value;
      product += value * (static_cast<double>(from[i]) - means[row]) * inverses[row];
    });
  });
}

}  // namespace plumb::kernel
