#include "channel_scale.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "../../simd/loops.hpp"
#include "../../tensor/internal/dispatch.hpp"
#include "center.hpp"

namespace plumb::kernel {
namespace {

// Constants number 0, 1, ... of each channel, in type T.
template <class T>
class Constants {
 public:
  explicit Constants(std::int64_t channels) : channels_(channels) {}

  void add(const Tensor& values) {
    const double* from = values.data<double>();
    for (std::int64_t c = 0; c < channels_; ++c) values_.push_back(static_cast<T>(from[c]));
  }

  // A mean, as the two parts of a Center.
  void add_center(const Tensor& means) {
    const double* from = means.data<double>();
    for (std::int64_t c = 0; c < channels_; ++c) values_.push_back(Center<T>(from[c]).high);
    for (std::int64_t c = 0; c < channels_; ++c) values_.push_back(Center<T>(from[c]).low);
  }

  const T* data() const { return values_.data(); }

 private:
  std::int64_t channels_;
  std::vector<T> values_;
};

template <class T>
bool all_fit(const Tensor& steep, const Tensor& inverse) {
  for (std::int64_t i = 0; i < steep.numel(); ++i)
    if (!fits_cubed<T>(steep.data<double>()[i], inverse.data<double>()[i])) return false;
  return true;
}

// out = or += f(k..., in...) for all elements, with the constants of their channels.
template <std::size_t... k, class T, class Out, class F, class... In>
void store_channels(std::index_sequence<k...>, const ChannelView& view, const Out& out, Write mode,
                    const Constants<T>& constants, F f, const In&... in) {
  const T* all = constants.data();
  const std::int64_t channels = view.channels, length = view.length;
  if (length == 1) {
    const std::int64_t images = std::max<std::int64_t>(1, grain / channels);
    parallel_for(view.images, images, [=](std::int64_t begin, std::int64_t end) {
      on_best_isa([=]() PLUMB_INLINE {
        for (std::int64_t start = begin * channels; start < end * channels; start += channels)
          store_run(channels, out.to(start, nullptr), mode, [=](std::int64_t c) PLUMB_INLINE {
            return f(all[k * channels + c]..., in.from(start, nullptr)[c]...);
          });
      });
    });
    return;
  }
  const std::int64_t planes = std::max<std::int64_t>(1, grain / length);
  parallel_for(view.images * channels, planes, [=](std::int64_t begin, std::int64_t end) {
    Room<T> memory(out.room() + (in.room() + ...));
    T* room = memory.data();
    on_best_isa([=]() PLUMB_INLINE {
      for (std::int64_t plane = begin; plane < end; ++plane) {
        const T own[] = {all[k * channels + plane % channels]...};
        const std::int64_t start = plane * length;
        [=](const auto*... from) PLUMB_INLINE {
          store_run(length, out.to(start, room), mode,
                    [=](std::int64_t i) PLUMB_INLINE { return f(own[k]..., from[i]...); });
        }(in.from(start, room)...);
        out.done(start, room);
      }
    });
  });
}

// y = (x - mean) factor + shift, wherever `out` has it.
template <class T, class Out>
void scale(const Out& out, const T* x, const ChannelView& view, const Tensor& mean,
           const Tensor& factor, const Tensor& shift) {
  Constants<T> constants(view.channels);
  constants.add_center(mean);
  constants.add(factor);
  constants.add(shift);
  store_channels(
      std::make_index_sequence<4>(), view, out, Write::overwrite, constants,
      [](T high, T low, T factor, T shift, T x)
          PLUMB_INLINE { return ((x - high) - low) * factor + shift; },
      Elements<T>{x});
}

// dx = or += a g + b x^ + c, wherever g comes from.
template <class T, class G>
void combine(Tensor& dx, Write mode, const G& g, const Tensor& x, const ChannelView& view,
             const Tensor& mean, const Tensor& inverse, const Tensor& a, const Tensor& b,
             const Tensor& steep, const Tensor& c) {
  const Stored<T> out{dx.mutable_data<T>()};
  const Elements<T> values{x.data<T>()};
  Constants<T> constants(view.channels);
  constants.add_center(mean);
  if (all_fit<T>(steep, inverse)) {
    for (const Tensor* constant : {&a, &steep, &c}) constants.add(*constant);
    return store_channels(
        std::make_index_sequence<5>(), view, out, mode, constants,
        [](T high, T low, T a, T b, T c, T g, T x)
            PLUMB_INLINE { return a * g + (b * ((x - high) - low) + c); },
        g, values);
  }
  for (const Tensor* constant : {&inverse, &a, &b, &c}) constants.add(*constant);
  store_channels(
      std::make_index_sequence<6>(), view, out, mode, constants,
      [](T high, T low, T inverse, T a, T b, T c, T g, T x)
          PLUMB_INLINE { return a * g + (b * (((x - high) - low) * inverse) + c); },
      g, values);
}

template <class T, class G>
void multiply(Tensor& dx, Write mode, const G& g, const ChannelView& view, const Tensor& a) {
  Constants<T> constants(view.channels);
  constants.add(a);
  store_channels(
      std::make_index_sequence<1>(), view, Stored<T>{dx.mutable_data<T>()}, mode, constants,
      [](T a, T g) PLUMB_INLINE { return a * g; }, g);
}

}  // namespace

void scale_channels(Tensor& y, const Tensor& x, const ChannelView& view, const Tensor& mean,
                    const Tensor& factor, const Tensor& shift) {
  if (x.numel() == 0) return;
  dispatch_floating("scale_channels", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    scale(Stored<T>{y.mutable_data<T>()}, x.data<T>(), view, mean, factor, shift);
  });
}

void scale_channels_max_pool(Tensor& y, Tensor& places, const PlaneWindows& windows,
                             const Tensor& x, const ChannelView& view, const Tensor& mean,
                             const Tensor& factor, const Tensor& shift) {
  if (x.numel() == 0) return;
  dispatch_floating("scale_channels", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const StoredPooled<T> out{y.mutable_data<T>(), places.mutable_data<std::uint8_t>(), windows};
    scale(out, x.data<T>(), view, mean, factor, shift);
  });
}

void combine_channels(Tensor& dx, Write mode, const Tensor& g, const Tensor& x,
                      const ChannelView& view, const Tensor& mean, const Tensor& inverse,
                      const Tensor& a, const Tensor& b, const Tensor& steep, const Tensor& c) {
  if (dx.numel() == 0) return;
  dispatch_floating("combine_channels", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    combine<T>(dx, mode, Elements<T>{g.data<T>()}, x, view, mean, inverse, a, b, steep, c);
  });
}

void combine_channels(Tensor& dx, Write mode, const PooledGradient& g, const Tensor& x,
                      const ChannelView& view, const Tensor& mean, const Tensor& inverse,
                      const Tensor& a, const Tensor& b, const Tensor& steep, const Tensor& c) {
  if (dx.numel() == 0) return;
  dispatch_floating("combine_channels", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    combine<T>(dx, mode, PooledElements<T>(g), x, view, mean, inverse, a, b, steep, c);
  });
}

void multiply_channels(Tensor& dx, Write mode, const Tensor& g, const ChannelView& view,
                       const Tensor& a) {
  if (dx.numel() == 0) return;
  dispatch_floating("multiply_channels", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    multiply<T>(dx, mode, Elements<T>{g.data<T>()}, view, a);
  });
}

void multiply_channels(Tensor& dx, Write mode, const PooledGradient& g, const ChannelView& view,
                       const Tensor& a) {
  if (dx.numel() == 0) return;
  dispatch_floating("multiply_channels", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    multiply<T>(dx, mode, PooledElements<T>(g), view, a);
  });
}

}  // namespace plumb::kernel
