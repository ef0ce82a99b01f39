// Lanes: the runs of elements along one axis of a tensor, for kernels that work lane by lane.
#pragma once

#include <limits>
#include <type_traits>

#include "../parallel.hpp"
#include "../tensor.hpp"
#include "../write.hpp"
#include "isa.hpp"

namespace plumb::kernel {

/// Elements of lanes that one thread takes at a time where each costs an exponential.
inline constexpr std::int64_t lane_grain = std::int64_t{1} << 12;

/// `count` lanes of `size` elements, neighbours in a lane `stride` apart. Lanes are numbered
/// row-major by the other axes.
struct Lanes {
  Lanes(const Shape& shape, int axis)
      : count(shape.numel(0, axis) * shape.numel(axis + 1, shape.rank())),
        size(shape[axis]),
        stride(shape.numel(axis + 1, shape.rank())) {}

  /// Lanes that one thread takes at a time.
  std::int64_t grain() const { return size < lane_grain ? lane_grain / (size > 0 ? size : 1) : 1; }

  /// Where a lane begins; `step` is the stride, as with_stride hands it out.
  template <class Stride>
  std::int64_t start(std::int64_t lane, Stride step) const {
    return lane / step * step * size + lane % step;
  }

  std::int64_t count;
  std::int64_t size;
  std::int64_t stride;
};

/// Calls f(stride) where a stride of 1 is a constant of the type, so that loops over it vectorise.
template <class F>
decltype(auto) with_stride(std::int64_t stride, F&& f) {
  if (stride == 1) return f(std::integral_constant<std::int64_t, 1>{});
  return f(stride);
}

/// Calls f(start, stride) for every lane, on several threads.
template <class F>
void for_each_lane(const Lanes& lanes, F f) {
  with_stride(lanes.stride, [&](auto stride) {
    parallel_for(lanes.count, lanes.grain(), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t lane = begin; lane < end; ++lane) f(lanes.start(lane, stride), stride);
    });
  });
}

/// The largest element; NaNs are passed over, and a lane of nothing else has -infinity.
/// Four chains and no simd reduction: that takes twice as long on lanes of ten elements.
template <class T, class Stride>
PLUMB_INLINE inline T lane_max(const T* x, std::int64_t size, Stride stride) {
  const auto larger = [](T a, T b) { return a > b ? a : b; };  // b where a is NaN
  T highest[4];
  for (T& chain : highest) chain = -std::numeric_limits<T>::infinity();
  std::int64_t i = 0;
  for (; i + 4 <= size; i += 4)
    for (std::int64_t k = 0; k < 4; ++k) highest[k] = larger(x[(i + k) * stride], highest[k]);
  for (; i < size; ++i) highest[0] = larger(x[i * stride], highest[0]);
  return larger(larger(highest[0], highest[1]), larger(highest[2], highest[3]));
}

/// The sum of f(i) along a lane, in double.
template <class F>
PLUMB_INLINE inline double lane_sum(std::int64_t size, F f) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < size; ++i) sum += static_cast<double>(f(i));
  return sum;
}

/// out[i] = or += f(i) along a lane.
template <class T, class Stride, class F>
PLUMB_INLINE inline void store_lane(T* out, Write mode, std::int64_t size, Stride stride, F f) {
  if (mode == Write::overwrite) {
#pragma omp simd
    for (std::int64_t i = 0; i < size; ++i) out[i * stride] = f(i);
  } else {
#pragma omp simd
    for (std::int64_t i = 0; i < size; ++i) out[i * stride] += f(i);
  }
}

}  // namespace plumb::kernel
