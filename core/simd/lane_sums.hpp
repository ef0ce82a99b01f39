// Sums in double of many terms at once, in an order that the width of a vector does not change.
#pragma once

#include "vector.hpp"

namespace plumb::kernel {

/// Elements in double: as many as V has, a vector of doubles or a double.
template <class V>
struct Widened {
  template <class T>
  PLUMB_INLINE explicit Widened(const T* from) {
    load_as<double, sizeof(V) / sizeof(double)>(value, from);
  }
  V value;
};

/// `count` sums over runs of elements. Each sum has sixteen chains that take the elements of a run
/// in turn; at the end the chains are added pairwise. The last elements of a run, fewer than
/// sixteen, go to a chain of their own. `bytes` is the size of a vector.
template <int bytes, int count>
class LaneSums {
 public:
  /// Adds a run of n elements: f(sums, in...) adds to sums[0], ... what it makes of some elements
  /// of each input, vectors of doubles or single ones.
  template <class F, class... T>
  PLUMB_INLINE void add(std::int64_t n, F f, const T*... in) {
    V sums[vectors][count];  // in registers
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v)
#pragma GCC unroll 4
      for (int k = 0; k < count; ++k) sums[v][k] = sums_[v][k];
    std::int64_t i = 0;
    for (; i + chains <= n; i += chains)
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) f(sums[v], Widened<V>(in + i + v * lanes).value...);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v)
#pragma GCC unroll 4
      for (int k = 0; k < count; ++k) sums_[v][k] = sums[v][k];
    for (; i < n; ++i) f(rest_, Widened<double>(in + i).value...);
  }

  /// Sum number k.
  PLUMB_INLINE double total(int k) const {
    double chain[chains], four[4];
    for (int v = 0; v < vectors; ++v) store(chain + v * lanes, sums_[v][k]);
    for (int i = 0; i < 4; ++i)
      four[i] = (chain[i] + chain[i + 8]) + (chain[i + 4] + chain[i + 12]);
    return (four[0] + four[2]) + (four[1] + four[3]) + rest_[k];
  }

 private:
  static constexpr int chains = 16, lanes = bytes / 8, vectors = chains / lanes;
  using V = Vector<double, lanes>;

  V sums_[vectors][count] = {};
  double rest_[count] = {};
};

/// The sum of f(i) over [0, n), where each f(i) is found in type T.
template <int bytes, class T, class F>
PLUMB_INLINE inline double sum_each(std::int64_t n, F f) {
  constexpr std::int64_t most = 256;
  T values[most];
  LaneSums<bytes, 1> sums;
  for (std::int64_t start = 0; start < n; start += most) {
    const std::int64_t count = n - start < most ? n - start : most;
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) values[i] = f(start + i);
    sums.add(
        count, [](auto* sum, const auto& value) PLUMB_INLINE { sum[0] += value; }, values);
  }
  return sums.total(0);
}

}  // namespace plumb::kernel
