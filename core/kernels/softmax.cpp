#include "softmax.hpp"

#include <cmath>

#include "../dispatch.hpp"
#include "lanes.hpp"

namespace plumb::kernel {

Tensor softmax(const Tensor& x, int axis) {
  return dispatch_floating("softmax", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor y = Tensor::empty(x.shape(), x.dtype());
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    const Lanes lanes(x.shape(), axis);
    for_each_lane(lanes, [=](std::int64_t start, auto stride) {
      const T* in = from + start;
      T* out = to + start;
      const T highest = lane_max(in, lanes.size, stride);
      store_lane(out, Write::overwrite, lanes.size, stride,
                 [=](std::int64_t i) { return std::exp(in[i * stride] - highest); });
      const T scale =
          static_cast<T>(1 / lane_sum(lanes.size, [=](std::int64_t i) { return out[i * stride]; }));
      store_lane(out, Write::overwrite, lanes.size, stride,
                 [=](std::int64_t i) { return out[i * stride] * scale; });
    });
    return y;
  });
}

Tensor log_softmax(const Tensor& x, int axis) {
  return dispatch_floating("log_softmax", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor y = Tensor::empty(x.shape(), x.dtype());
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    const Lanes lanes(x.shape(), axis);
    for_each_lane(lanes, [=](std::int64_t start, auto stride) {
      const T* in = from + start;
      const T highest = lane_max(in, lanes.size, stride);
      const T log_sum = static_cast<T>(std::log(lane_sum(
          lanes.size, [=](std::int64_t i) { return std::exp(in[i * stride] - highest); })));
      // The difference first: it is exact for elements near the largest, x - (max + log) is not.
      store_lane(to + start, Write::overwrite, lanes.size, stride,
                 [=](std::int64_t i) { return in[i * stride] - highest - log_sum; });
    });
    return y;
  });
}

void softmax_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y, int axis) {
  dispatch_floating("softmax", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* slope = g.data<T>();
    const T* value = y.data<T>();
    T* to = dx.mutable_data<T>();
    const Lanes lanes(dx.shape(), axis);
    for_each_lane(lanes, [=](std::int64_t start, auto stride) {
      const T* gs = slope + start;
      const T* ys = value + start;
      const T mean = static_cast<T>(
          lane_sum(lanes.size, [=](std::int64_t i) { return gs[i * stride] * ys[i * stride]; }));
      store_lane(to + start, mode, lanes.size, stride,
                 [=](std::int64_t i) { return ys[i * stride] * (gs[i * stride] - mean); });
    });
  });
}

void log_softmax_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y, int axis) {
  dispatch_floating("log_softmax", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* slope = g.data<T>();
    const T* value = y.data<T>();
    T* to = dx.mutable_data<T>();
    const Lanes lanes(dx.shape(), axis);
    for_each_lane(lanes, [=](std::int64_t start, auto stride) {
      const T* gs = slope + start;
      const T* ys = value + start;
      const T sum =
          static_cast<T>(lane_sum(lanes.size, [=](std::int64_t i) { return gs[i * stride]; }));
      store_lane(to + start, mode, lanes.size, stride,
                 [=](std::int64_t i) { return gs[i * stride] - std::exp(ys[i * stride]) * sum; });
    });
  });
}

}  // namespace plumb::kernel
