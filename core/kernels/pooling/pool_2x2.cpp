#include "pool_2x2.hpp"

#include <algorithm>
#include <type_traits>

#include "../../simd/vector.hpp"

namespace plumb::kernel {
namespace {

// `lanes` windows, from 2 lanes elements of each row.
template <int lanes, class T>
PLUMB_INLINE inline void max_block(const T* upper, const T* lower, T* y, std::uint8_t* places) {
  using V = Vector<T, lanes>;
  using Place = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  using P = Vector<Place, lanes>;
  V left, right, a, b, c, d;
  load(left, upper);
  load(right, upper + lanes);
  separate<lanes>(left, right, a, b);
  load(left, lower);
  load(right, lower + lanes);
  separate<lanes>(left, right, c, d);
  P place = {}, below = place + 2;
  keep_larger(a, place, b, P(place + 1));
  keep_larger(c, below, d, P(below + 1));
  keep_larger(a, place, c, below);
  store(y, a);
  store_integers<lanes>(places, place);
}

// The gradients of `lanes` windows: 2 lanes elements of each row.
template <int lanes, class T>
PLUMB_INLINE inline void max_block_into(const T* g, const std::uint8_t* places, T* upper,
                                        T* lower) {
  using V = Vector<T, lanes>;
  using Place = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  using P = Vector<Place, lanes>;
  P place;
  load_integers<lanes>(place, places);
  V slope;
  load(slope, g);
  const V zero = {};
  const P first = {};
  V a = place == first ? slope : zero, b = place == first + 1 ? slope : zero;
  V left, right;
  alternate<lanes>(a, b, left, right);
  store(upper, left);
  store(upper + lanes, right);
  a = place == first + 2 ? slope : zero;
  b = place == first + 3 ? slope : zero;
  alternate<lanes>(a, b, left, right);
  store(lower, left);
  store(lower + lanes, right);
}

// The means of `lanes` windows, from 2 lanes elements of each row.
template <int lanes, class T>
PLUMB_INLINE inline void mean_block(const T* upper, const T* lower, T* y) {
  Vector<double, lanes> sums[2], even, odd;
  for (int half = 0; half < 2; ++half) {
    Vector<double, lanes> below;
    load_as<double, lanes>(sums[half], upper + half * lanes);
    load_as<double, lanes>(below, lower + half * lanes);
    sums[half] += below;
  }
  separate<lanes>(sums[0], sums[1], even, odd);
  store_as<double, lanes>(y, (even + odd) * 0.25);
}

template <int lanes, class T>
PLUMB_INLINE inline void mean_block_into(const T* g, T* upper, T* lower) {
  Vector<T, lanes> each, left, right;
  load(each, g);
  each *= T(0.25);
  alternate<lanes>(each, each, left, right);
  store(upper, left);
  store(upper + lanes, right);
  store(lower, left);
  store(lower + lanes, right);
}

// Calls f(upper, at, number) for blocks of windows that cover all planes: `upper` is where the
// first one begins in the tensor of whole planes, `at` its number.
template <int lanes, class F>
PLUMB_INLINE inline void for_blocks(std::int64_t planes, const PlaneWindows& w, F f) {
  std::int64_t at = 0;
  for (std::int64_t plane = 0; plane < planes; ++plane)
    for (std::int64_t i = 0; i < w.out_height; ++i, at += w.out_width)
      cover<lanes>(w.out_width,
                   [=, upper = plane * w.in_size() + 2 * i * w.width](std::int64_t j, auto number)
                       PLUMB_INLINE { f(upper + 2 * j, at + j, number); });
}

// dx = 0 in the last of an odd number of columns or rows, which no window reaches.
template <class T>
void clear_rest(std::int64_t planes, const PlaneWindows& w, T* dx) {
  for (T* plane = dx; plane < dx + planes * w.in_size(); plane += w.in_size()) {
    if (w.width % 2 != 0)
      for (std::int64_t i = 1; i <= w.height; ++i) plane[i * w.width - 1] = 0;
    if (w.height % 2 != 0) std::fill(plane + w.in_size() - w.width, plane + w.in_size(), T(0));
  }
}

}  // namespace

bool is_2x2(const PlaneWindows& windows) {
  const auto halves = [](const SlidingWindow& w) {
    return w.kernel == 2 && w.stride == 2 && w.padding == 0 && w.dilation == 1;
  };
  return halves(windows.rows) && halves(windows.columns) &&
         2 * windows.out_height <= windows.height && 2 * windows.out_width <= windows.width;
}

template <class T>
void max_pool_2x2(std::int64_t planes, const PlaneWindows& windows, const T* x, T* y,
                  std::uint8_t* places) {
  on_best_vectors([=, w = windows](auto bytes) PLUMB_INLINE {
    for_blocks<LanesOf<T, bytes>::value>(
        planes, w, [=](std::int64_t upper, std::int64_t at, auto number) PLUMB_INLINE {
          max_block<number>(x + upper, x + upper + w.width, y + at, places + at);
        });
  });
}

template <class T>
void max_pool_2x2_into(std::int64_t planes, const PlaneWindows& windows, const T* g,
                       const std::uint8_t* places, T* dx) {
  on_best_vectors([=, w = windows](auto bytes) PLUMB_INLINE {
    for_blocks<LanesOf<T, bytes>::value>(
        planes, w, [=](std::int64_t upper, std::int64_t at, auto number) PLUMB_INLINE {
          max_block_into<number>(g + at, places + at, dx + upper, dx + upper + w.width);
        });
  });
  clear_rest(planes, windows, dx);
}

template <class T>
void avg_pool_2x2(std::int64_t planes, const PlaneWindows& windows, const T* x, T* y) {
  on_best_vectors([=, w = windows](auto bytes) PLUMB_INLINE {
    for_blocks<LanesOf<double, bytes>::value>(
        planes, w, [=](std::int64_t upper, std::int64_t at, auto number) PLUMB_INLINE {
          mean_block<number>(x + upper, x + upper + w.width, y + at);
        });
  });
}

template <class T>
void avg_pool_2x2_into(std::int64_t planes, const PlaneWindows& windows, const T* g, T* dx) {
  on_best_vectors([=, w = windows](auto bytes) PLUMB_INLINE {
    for_blocks<LanesOf<T, bytes>::value>(
        planes, w, [=](std::int64_t upper, std::int64_t at, auto number) PLUMB_INLINE {
          mean_block_into<number>(g + at, dx + upper, dx + upper + w.width);
        });
  });
  clear_rest(planes, windows, dx);
}

template void max_pool_2x2(std::int64_t, const PlaneWindows&, const float*, float*, std::uint8_t*);
template void max_pool_2x2(std::int64_t, const PlaneWindows&, const double*, double*,
                           std::uint8_t*);
template void max_pool_2x2_into(std::int64_t, const PlaneWindows&, const float*,
                                const std::uint8_t*, float*);
template void max_pool_2x2_into(std::int64_t, const PlaneWindows&, const double*,
                                const std::uint8_t*, double*);
template void avg_pool_2x2(std::int64_t, const PlaneWindows&, const float*, float*);
template void avg_pool_2x2(std::int64_t, const PlaneWindows&, const double*, double*);
template void avg_pool_2x2_into(std::int64_t, const PlaneWindows&, const float*, float*);
template void avg_pool_2x2_into(std::int64_t, const PlaneWindows&, const double*, double*);

}  // namespace plumb::kernel
