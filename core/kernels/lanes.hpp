// Lanes: the runs of elements along one axis of a tensor, for kernels that work lane by lane.
#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>

#include "../runtime/parallel.hpp"
#include "../simd/lane_sums.hpp"
#include "../simd/loops.hpp"
#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

/// Elements of lanes that one thread takes at a time where each costs an exponential.
inline constexpr std::int64_t lane_grain = std::int64_t{1} << 14;

/// `count` lanes of `size` elements, neighbours in a lane `stride` apart. Lanes are numbered
/// row-major by the other axes.
struct Lanes {
  Lanes(const Shape& shape, int axis)
      : count(shape.numel(0, axis) * shape.numel(axis + 1, shape.rank())),
        size(shape[axis]),
        stride(shape.numel(axis + 1, shape.rank())) {}

  /// Lanes that one thread takes at a time.
  std::int64_t grain() const { return size < lane_grain ? lane_grain / (size > 0 ? size : 1) : 1; }

  /// Where a lane begins.
  std::int64_t start(std::int64_t lane) const {
    return stride == 1 ? lane * size : lane / stride * stride * size + lane % stride;
  }

  std::int64_t count;
  std::int64_t size;
  std::int64_t stride;
};

// Below, the two ways of working through lanes, with one interface, so that a kernel is written
// once. In f(i, c, k), i is where element k of lane number c of them stands in the tensor. What is
// known of the lanes are arrays with room for `most`.

/// One lane of neighbours, vectors along it. `bytes`: of a vector.
template <int bytes>
class Row {
 public:
  static constexpr int most = 1;

  PLUMB_INLINE Row(std::int64_t start, std::int64_t size) : start_(start), size_(size) {}

  int count() const { return 1; }
  std::int64_t size() const { return size_; }
  PLUMB_INLINE std::int64_t at(int, std::int64_t k) const { return start_ + k; }

  /// out[i] = or += f(i, c, k).
  template <class T, class F>
  PLUMB_INLINE void store(T* out, Write mode, F f) const {
    store_run(size_, out + start_, mode,
              [=](std::int64_t k) PLUMB_INLINE { return f(start_ + k, 0, k); });
  }

  /// sums[c] = the sum in double of f(i, c, k), each of type T.
  template <class T, class F>
  PLUMB_INLINE void sum(double* sums, F f) const {
    *sums =
        sum_each<bytes, T>(size_, [=](std::int64_t k) PLUMB_INLINE { return f(start_ + k, 0, k); });
  }

  /// highest[c] = the largest element; NaNs are passed over, and a lane of nothing else has
  /// -infinity.
  template <class T>
  PLUMB_INLINE void max(T* highest, const T* x) const {
    constexpr int width = bytes / static_cast<int>(sizeof(T)), chains = 4;
    using V = Vector<T, width>;
    V largest[chains];
    for (V& chain : largest) chain = V{} - std::numeric_limits<T>::infinity();
    std::int64_t k = 0;
    for (; k + chains * width <= size_; k += chains * width)
#pragma GCC unroll 4
      for (int c = 0; c < chains; ++c) {
        V next;
        load(next, x + start_ + k + c * width);
        largest[c] = next > largest[c] ? next : largest[c];
      }
    T each[chains * width];
#pragma GCC unroll 4
    for (int c = 0; c < chains; ++c) kernel::store(each + c * width, largest[c]);
    for (int half = chains * width / 2; half > 0; half /= 2)
#pragma omp simd
      for (int c = 0; c < half; ++c) each[c] = each[c + half] > each[c] ? each[c + half] : each[c];
    for (; k < size_; ++k) each[0] = x[start_ + k] > each[0] ? x[start_ + k] : each[0];
    *highest = each[0];
  }

 private:
  std::int64_t start_, size_;
};

/// Lanes side by side, vectors across them: their elements number k are `across` apart, 1 as a
/// constant where lanes are neighbours, and there may be `most` as a constant of them.
template <class Across, class Count>
class Group {
 public:
  static constexpr int most = 16;

  PLUMB_INLINE Group(std::int64_t start, std::int64_t size, std::int64_t along, Across across,
                     Count count)
      : start_(start), size_(size), along_(along), across_(across), count_(count) {}

  int count() const { return count_; }
  std::int64_t size() const { return size_; }
  PLUMB_INLINE std::int64_t at(int c, std::int64_t k) const {
    return start_ + k * along_ + c * across_;
  }

  template <class T, class F>
  PLUMB_INLINE void store(T* out, Write mode, F f) const {
    for (std::int64_t k = 0; k < size_; ++k) {
      if (mode == Write::overwrite) {
#pragma omp simd
        for (int c = 0; c < count_; ++c) out[at(c, k)] = f(at(c, k), c, k);
      } else {
#pragma omp simd
        for (int c = 0; c < count_; ++c) out[at(c, k)] += f(at(c, k), c, k);
      }
    }
  }

  template <class T, class F>
  PLUMB_INLINE void sum(double* sums, F f) const {
    double own[most] = {};
    for (std::int64_t k = 0; k < size_; ++k)
#pragma omp simd
      for (int c = 0; c < count_; ++c) own[c] += static_cast<double>(T(f(at(c, k), c, k)));
    for (int c = 0; c < count_; ++c) sums[c] = own[c];
  }

  template <class T>
  PLUMB_INLINE void max(T* highest, const T* x) const {
    T own[most];
    for (T& each : own) each = -std::numeric_limits<T>::infinity();
    for (std::int64_t k = 0; k < size_; ++k)
#pragma omp simd
      for (int c = 0; c < count_; ++c) own[c] = x[at(c, k)] > own[c] ? x[at(c, k)] : own[c];
    for (int c = 0; c < count_; ++c) highest[c] = own[c];
  }

 private:
  std::int64_t start_, size_, along_;
  Across across_;
  Count count_;
};

// An infinite element makes NaN of a softmax that is computed by the formula. What follows puts the
// limit in its place, for each lane and not for each element: hardly any lane has one.

template <class T>
PLUMB_INLINE inline bool is_infinite(T highest) {
  return highest == std::numeric_limits<T>::infinity();
}

/// Whether one of some numbers is.
template <class T>
PLUMB_INLINE inline bool any_infinite(const T* highest, int count) {
  int found = 0;
#pragma omp simd reduction(| : found)
  for (int c = 0; c < count; ++c) found |= is_infinite(highest[c]) ? 1 : 0;
  return found != 0;
}

/// Whether softmax of lane c, whose highest element is infinite, has a limit: where that is one
/// element alone, and none is NaN.
template <class L, class T>
bool has_limit(const L& lanes, int c, const T* x) {
  int infinite = 0, unordered = 0;
  for (std::int64_t k = 0; k < lanes.size(); ++k) {
    const T value = x[lanes.at(c, k)];
    infinite += is_infinite(value);
    unordered += value != value;
  }
  return infinite == 1 && unordered == 0;
}

/// The limit there: `at_highest` at the infinite element, `elsewhere` at the others.
template <class L, class T>
void store_limit(const L& lanes, int c, const T* x, T* y, T at_highest, T elsewhere) {
  if (!has_limit(lanes, c, x)) at_highest = elsewhere = std::numeric_limits<T>::quiet_NaN();
  for (std::int64_t k = 0; k < lanes.size(); ++k) {
    const std::int64_t i = lanes.at(c, k);
    y[i] = is_infinite(x[i]) ? at_highest : elsewhere;
  }
}

namespace detail {

// Lanes of neighbours that are shorter are taken side by side.
inline constexpr std::int64_t short_lane = 32;

template <class F>
PLUMB_INLINE inline void group_lanes(const Lanes& lanes, std::int64_t begin, std::int64_t end,
                                     F f) {
  constexpr int most = Group<std::int64_t, int>::most;
  const auto call = [=, &lanes](std::int64_t lane, auto across, auto count) PLUMB_INLINE {
    f(lane, Group(lanes.start(lane), lanes.size, lanes.stride, across, count));
  };
  while (begin < end) {
    constexpr std::integral_constant<int, most> all;
    if (lanes.stride == 1) {
      const auto count = static_cast<int>(std::min<std::int64_t>(most, end - begin));
      count == most ? call(begin, lanes.size, all) : call(begin, lanes.size, count);
      begin += count;
    } else {
      constexpr std::integral_constant<int, 1> beside;
      const std::int64_t left = std::min(end - begin, lanes.stride - begin % lanes.stride);
      const auto count = static_cast<int>(std::min<std::int64_t>(most, left));
      count == most ? call(begin, beside, all) : call(begin, beside, count);
      begin += count;
    }
  }
}

}  // namespace detail

/// Calls f(lane, Row) or f(lane, Group) with consecutive lanes from number `lane` on, until lanes
/// [begin, end) are through; f is a lambda marked PLUMB_INLINE.
template <class F>
void for_lanes(const Lanes& lanes, std::int64_t begin, std::int64_t end, F f) {
  on_best_vectors([=, &lanes, &f](auto bytes) PLUMB_INLINE {
    if (lanes.stride != 1 || lanes.size < detail::short_lane)
      return detail::group_lanes(lanes, begin, end, f);
    for (std::int64_t lane = begin; lane < end; ++lane)
      f(lane, Row<bytes>(lanes.start(lane), lanes.size));
  });
}

/// Calls f(Row) or f(Group) until all lanes are through, on several threads.
template <class F>
void for_all_lanes(const Lanes& lanes, F f) {
  parallel_for(lanes.count, lanes.grain(), [&](std::int64_t begin, std::int64_t end) {
    for_lanes(lanes, begin, end, [&f](std::int64_t, const auto& group) PLUMB_INLINE { f(group); });
  });
}

/// Calls f(stride) where a stride of 1 is a constant of the type, so that loops over it vectorise.
template <class F>
decltype(auto) with_stride(std::int64_t stride, F&& f) {
  if (stride == 1) return f(std::integral_constant<std::int64_t, 1>{});
  return f(stride);
}

}  // namespace plumb::kernel
