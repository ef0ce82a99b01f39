#include "softmax.hpp"

#include "../simd/vector_math.hpp"
#include "../tensor/internal/dispatch.hpp"
#include "lanes.hpp"

namespace plumb::kernel {
namespace {

// A new tensor like x, filled by f(lanes, x, y) some lanes at a time.
template <class F>
Tensor map_lanes(const char* operation, const Tensor& x, int axis, F f) {
  return dispatch_floating(operation, x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor y = Tensor::empty(x.shape(), x.dtype());
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    for_all_lanes(Lanes(x.shape(), axis),
                  [=](const auto& lanes) PLUMB_INLINE { f(lanes, from, to); });
    return y;
  });
}

// dx from f(lanes, g, y, dx), some lanes at a time.
template <class F>
void map_lanes_into(Tensor& dx, const Tensor& g, const Tensor& y, int axis, F f) {
  dispatch_floating("softmax", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *slope = g.data<T>(), *value = y.data<T>();
    T* to = dx.mutable_data<T>();
    for_all_lanes(Lanes(dx.shape(), axis),
                  [=](const auto& lanes) PLUMB_INLINE { f(lanes, slope, value, to); });
  });
}

}  // namespace

Tensor softmax(const Tensor& x, int axis) {
  return map_lanes("softmax", x, axis, [](const auto& lanes, auto* x, auto* y) PLUMB_INLINE {
    using T = std::remove_pointer_t<decltype(y)>;
    constexpr int most = std::decay_t<decltype(lanes)>::most;
    T highest[most], scale[most];
    double sums[most];
    lanes.max(highest, x);
    lanes.store(y, Write::overwrite, [&](std::int64_t i, int c, std::int64_t) PLUMB_INLINE {
      return vector_math::exp(x[i] - highest[c]);
    });
    lanes.template sum<T>(sums,
                          [&](std::int64_t i, int, std::int64_t) PLUMB_INLINE { return y[i]; });
    for (int c = 0; c < lanes.count(); ++c) scale[c] = static_cast<T>(1 / sums[c]);
    lanes.store(y, Write::overwrite,
                [&](std::int64_t i, int c, std::int64_t) PLUMB_INLINE { return y[i] * scale[c]; });
    if (any_infinite(highest, lanes.count()))
      for (int c = 0; c < lanes.count(); ++c)
        if (is_infinite(highest[c])) store_limit(lanes, c, x, y, T(1), T(0));
  });
}

Tensor log_softmax(const Tensor& x, int axis) {
  return map_lanes("log_softmax", x, axis, [](const auto& lanes, auto* x, auto* y) PLUMB_INLINE {
    using T = std::remove_pointer_t<decltype(y)>;
    constexpr int most = std::decay_t<decltype(lanes)>::most;
    T highest[most], log_sum[most];
    double sums[most];
    lanes.max(highest, x);
    lanes.template sum<T>(sums, [&](std::int64_t i, int c, std::int64_t)
                                    PLUMB_INLINE { return vector_math::exp(x[i] - highest[c]); });
    for (int c = 0; c < lanes.count(); ++c) log_sum[c] = static_cast<T>(vector_math::log(sums[c]));
    // The difference first: it is exact for elements near the largest, x - (max + log) is not.
    lanes.store(y, Write::overwrite, [&](std::int64_t i, int c, std::int64_t) PLUMB_INLINE {
      return x[i] - highest[c] - log_sum[c];
    });
    if (any_infinite(highest, lanes.count()))
      for (int c = 0; c < lanes.count(); ++c)
        if (is_infinite(highest[c]))
          store_limit(lanes, c, x, y, T(0), -std::numeric_limits<T>::infinity());
  });
}

void softmax_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y, int axis) {
  map_lanes_into(
      dx, g, y, axis, [mode](const auto& lanes, auto* g, auto* y, auto* dx) PLUMB_INLINE {
        using T = std::remove_pointer_t<decltype(dx)>;
        constexpr int most = std::decay_t<decltype(lanes)>::most;
        double sums[most];
        T mean[most];
        lanes.template sum<T>(
            sums, [&](std::int64_t i, int, std::int64_t) PLUMB_INLINE { return g[i] * y[i]; });
        for (int c = 0; c < lanes.count(); ++c) mean[c] = static_cast<T>(sums[c]);
        lanes.store(dx, mode, [&](std::int64_t i, int c, std::int64_t) PLUMB_INLINE {
          return y[i] * (g[i] - mean[c]);
        });
      });
}

void log_softmax_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y, int axis) {
  map_lanes_into(dx, g, y, axis,
                 [mode](const auto& lanes, auto* g, auto* y, auto* dx) PLUMB_INLINE {
                   using T = std::remove_pointer_t<decltype(dx)>;
                   constexpr int most = std::decay_t<decltype(lanes)>::most;
                   double sums[most];
                   T sum[most];
                   lanes.template sum<T>(
                       sums, [&](std::int64_t i, int, std::int64_t) PLUMB_INLINE { return g[i]; });
                   for (int c = 0; c < lanes.count(); ++c) sum[c] = static_cast<T>(sums[c]);
                   lanes.store(dx, mode, [&](std::int64_t i, int c, std::int64_t) PLUMB_INLINE {
                     return g[i] - vector_math::exp(y[i]) * sum[c];
                   });
                 });
}

}  // namespace plumb::kernel
