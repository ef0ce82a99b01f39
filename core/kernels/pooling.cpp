#include "pooling.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "../dispatch.hpp"
#include "lanes.hpp"
#include "loops.hpp"

namespace plumb::kernel {
namespace {

// Calls f(plane) for planes of x; how many of them one thread takes follows from their size.
template <class F>
void for_each_plane(std::int64_t elements, std::int64_t plane_size, F f) {
  const std::int64_t at_once = plane_size < grain ? grain / plane_size : 1;
  parallel_for(elements / plane_size, at_once, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t plane = begin; plane < end; ++plane) f(plane);
  });
}

// Below, selections stand one behind the other instead of conditions with && and ||: g++ 12 makes
// no vectors of those.

// What a place is chosen as: as wide as an element, or able to hold any.
template <class T, class C>
using Place = std::conditional_t<sizeof(C) == 1 && sizeof(T) == 4, std::int32_t, std::int64_t>;

// a, or b where it is larger. NaN is the largest; of two that are equal a.
template <class T>
T larger(T a, T b) {
  const T most = b <= a ? a : b;
  return a != a ? a : most;
}

// `here` where x is the largest element, known already, else `otherwise`.
template <class P, class T>
P place_of(T largest, T x, P here, P otherwise) {
  const P place = largest <= x ? here : otherwise;
  return x != x ? here : place;
}

// The positions of a window at which its tap k sees the input and no padding: [begin, end).
struct Range {
  std::int64_t begin, end;

  Range(const SlidingWindow& window, std::int64_t k, std::int64_t input, std::int64_t positions) {
    const std::int64_t before = window.padding - k * window.dilation;  // of the first input
    begin = before <= 0 ? 0 : (before - 1) / window.stride + 1;
    end = input + before <= 0 ? 0 : (input + before - 1) / window.stride + 1;
    end = std::min(end, positions);
  }
};

// The first tap that sees the input at each position; 0 where none does.
std::vector<std::int64_t> first_taps(const SlidingWindow& window, std::int64_t input,
                                     std::int64_t positions) {
  std::vector<std::int64_t> taps(static_cast<std::size_t>(positions));
  for (std::int64_t i = 0; i < positions; ++i) {
    const std::int64_t before = window.padding - i * window.stride;
    const std::int64_t k = before <= 0 ? 0 : (before - 1) / window.dilation + 1;
    taps[static_cast<std::size_t>(i)] = k * window.dilation - before < input ? k : 0;
  }
  return taps;
}

// Largest elements plane by plane, for windows of any kind. C: the type of a place in a window.
template <class T, class C>
class MaxPool {
 public:
  explicit MaxPool(const PlaneWindows& windows)
      : w_(windows),
        first_rows_(first_taps(w_.rows, w_.height, w_.out_height)),
        first_columns_(first_taps(w_.columns, w_.width, w_.out_width)) {
    for (std::int64_t k = 0; k < w_.columns.kernel; ++k)
      ranges_.emplace_back(w_.columns, k, w_.width, w_.out_width);
  }

  void plane(const T* x, T* y, C* places) const {
    for (std::int64_t i = 0; i < w_.out_height; ++i)
      row(x, i, y + i * w_.out_width, places + i * w_.out_width);
  }

 private:
  // Tap by tap over a whole row of windows, so that the loop within is a long one.
  void row(const T* x, std::int64_t i, T* y, C* places) const {
    const std::int64_t first = first_rows_[static_cast<std::size_t>(i)] * w_.columns.kernel;
    for (std::int64_t j = 0; j < w_.out_width; ++j) {
      y[j] = -std::numeric_limits<T>::infinity();
      places[j] = static_cast<C>(first + first_columns_[static_cast<std::size_t>(j)]);
    }
    for (std::int64_t ki = 0; ki < w_.rows.kernel; ++ki) {
      const std::int64_t from = i * w_.rows.stride - w_.rows.padding + ki * w_.rows.dilation;
      if (from < 0 || from >= w_.height) continue;
      for (std::int64_t kj = 0; kj < w_.columns.kernel; ++kj)
        tap(x + from * w_.width, kj, static_cast<Place<T, C>>(ki * w_.columns.kernel + kj), y,
            places);
    }
  }

  void tap(const T* x, std::int64_t kj, Place<T, C> place, T* y, C* places) const {
    const Range range = ranges_[static_cast<std::size_t>(kj)];
    const std::int64_t shift = kj * w_.columns.dilation - w_.columns.padding;
    with_stride(w_.columns.stride, [=](auto stride) {
#pragma omp simd
      for (std::int64_t j = range.begin; j < range.end; ++j) {
        const T before = y[j];
        const T largest = larger(before, x[j * stride + shift]);
        y[j] = largest;
        const Place<T, C> own = places[j];
        places[j] = static_cast<C>(place_of(largest, before, own, place));
      }
    });
  }

  PlaneWindows w_;
  std::vector<std::int64_t> first_rows_, first_columns_;
  std::vector<Range> ranges_;  // of each column of a window
};

// Windows of 2 x 2 side by side, the common case: places are 2 row + column.
bool is_halving(const PlaneWindows& windows) {
  const auto halves = [](const SlidingWindow& w) {
    return w.kernel == 2 && w.stride == 2 && w.padding == 0 && w.dilation == 1;
  };
  return halves(windows.rows) && halves(windows.columns);
}

template <class T>
void halve_row(const T* upper, const T* lower, std::int64_t n, T* y, std::uint8_t* places) {
  using P = Place<T, std::uint8_t>;
#pragma omp simd
  for (std::int64_t j = 0; j < n; ++j) {
    const T a = upper[2 * j], b = upper[2 * j + 1], c = lower[2 * j], d = lower[2 * j + 1];
    const T largest = larger(larger(a, b), larger(c, d));
    y[j] = largest;
    const P below = place_of<P>(largest, c, 2, 3);
    const P right = place_of<P>(largest, b, 1, below);
    places[j] = static_cast<std::uint8_t>(place_of<P>(largest, a, 0, right));
  }
}

// One row of dx from a row of gradients: the upper (row 0) or the lower one of the windows.
template <class T>
void unhalve_row(const T* g, const std::uint8_t* places, std::int64_t n, int row, T* dx,
                 Write mode) {
  using P = Place<T, std::uint8_t>;
  const P left = 2 * row, right = 2 * row + 1;
  const auto part = [=](std::int64_t j, P here) {
    const T slope = g[j];
    const P place = places[j];
    return place == here ? slope : T(0);
  };
  if (mode == Write::overwrite) {
#pragma omp simd
    for (std::int64_t j = 0; j < n; ++j) {
      dx[2 * j] = part(j, left);
      dx[2 * j + 1] = part(j, right);
    }
  } else {
#pragma omp simd
    for (std::int64_t j = 0; j < n; ++j) {
      dx[2 * j] += part(j, left);
      dx[2 * j + 1] += part(j, right);
    }
  }
}

template <class T>
void unhalve_plane(const PlaneWindows& w, const T* g, const std::uint8_t* places, T* dx,
                   Write mode) {
  for (std::int64_t i = 0; i < w.out_height; ++i)
    for (int row = 0; row < 2; ++row) {
      T* to = dx + (2 * i + row) * w.width;
      unhalve_row(g + i * w.out_width, places + i * w.out_width, w.out_width, row, to, mode);
      if (mode == Write::overwrite) std::fill(to + 2 * w.out_width, to + w.width, T(0));
    }
  if (mode == Write::overwrite)
    std::fill(dx + 2 * w.out_height * w.width, dx + w.height * w.width, T(0));
}

template <class T, class C>
void scatter_plane(const PlaneWindows& w, const T* g, const C* places, T* dx, Write mode) {
  if (mode == Write::overwrite) std::fill(dx, dx + w.height * w.width, T(0));
  for (std::int64_t i = 0; i < w.out_height; ++i)
    for (std::int64_t j = 0; j < w.out_width; ++j) {
      const auto place = static_cast<std::int64_t>(places[i * w.out_width + j]);
      const std::int64_t row =
          i * w.rows.stride - w.rows.padding + place / w.columns.kernel * w.rows.dilation;
      const std::int64_t column =
          j * w.columns.stride - w.columns.padding + place % w.columns.kernel * w.columns.dilation;
      // A window of padding alone passes nothing on.
      if (row >= 0 && row < w.height && column >= 0 && column < w.width)
        dx[row * w.width + column] += g[i * w.out_width + j];
    }
}

// Calls f with the type of x and the type of the places.
template <class F>
void dispatch_max_pool(DType dtype, DType places, F f) {
  dispatch_floating("max_pool", dtype, [&](auto tag) {
    if (places == DType::uint8) return f(tag, TypeTag<std::uint8_t>{});
    f(tag, TypeTag<std::int64_t>{});
  });
}

}  // namespace

DType argmax_dtype(const PlaneWindows& windows) {
  return windows.rows.kernel <= 256 && windows.columns.kernel <= 256 &&
                 windows.rows.kernel * windows.columns.kernel <= 256
             ? DType::uint8
             : DType::int64;
}

void max_pool(Tensor& y, Tensor& argmax, const Tensor& x, const PlaneWindows& w) {
  if (x.numel() == 0) return;
  const std::int64_t in_size = w.height * w.width, out_size = w.out_height * w.out_width;
  dispatch_max_pool(x.dtype(), argmax.dtype(), [&](auto tag, auto place_tag) {
    using T = typename decltype(tag)::type;
    using C = typename decltype(place_tag)::type;
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    C* places = argmax.mutable_data<C>();
    if constexpr (std::is_same_v<C, std::uint8_t>) {
      if (is_halving(w))
        return for_each_plane(x.numel(), in_size, [=](std::int64_t plane) {
          for (std::int64_t i = 0; i < w.out_height; ++i) {
            const T* upper = from + plane * in_size + 2 * i * w.width;
            const std::int64_t at = plane * out_size + i * w.out_width;
            halve_row(upper, upper + w.width, w.out_width, to + at, places + at);
          }
        });
    }
    const MaxPool<T, C> pool(w);
    for_each_plane(x.numel(), in_size, [&](std::int64_t plane) {
      pool.plane(from + plane * in_size, to + plane * out_size, places + plane * out_size);
    });
  });
}

void max_pool_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& argmax,
                   const PlaneWindows& w) {
  if (dx.numel() == 0) return;
  const std::int64_t in_size = w.height * w.width, out_size = w.out_height * w.out_width;
  dispatch_max_pool(dx.dtype(), argmax.dtype(), [&](auto tag, auto place_tag) {
    using T = typename decltype(tag)::type;
    using C = typename decltype(place_tag)::type;
    const T* slope = g.data<T>();
    const C* places = argmax.data<C>();
    T* to = dx.mutable_data<T>();
    const bool halving = is_halving(w);
    for_each_plane(dx.numel(), in_size, [=](std::int64_t plane) {
      const T* gs = slope + plane * out_size;
      const C* at = places + plane * out_size;
      T* out = to + plane * in_size;
      if constexpr (std::is_same_v<C, std::uint8_t>) {
        if (halving) return unhalve_plane(w, gs, at, out, mode);
      }
      scatter_plane(w, gs, at, out, mode);
    });
  });
}

void avg_pool(Tensor& y, const Tensor& x, const PlaneBins& bins) {
  if (x.numel() == 0) return;
  const std::int64_t width = bins.width, in_size = bins.height * width;
  const auto out_size = static_cast<std::int64_t>(bins.rows.size() * bins.columns.size());
  dispatch_floating("avg_pool", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    for_each_plane(x.numel(), in_size, [&](std::int64_t plane) {
      const T* in = from + plane * in_size;
      T* out = to + plane * out_size;
      std::vector<double> storage(static_cast<std::size_t>(width));
      double* sums = storage.data();  // of each column over the rows of a bin
      for (const Bin& row : bins.rows) {
        std::fill(sums, sums + width, 0.0);
        for (std::int64_t i = row.begin; i < row.end; ++i) {
          const T* line = in + i * width;
#pragma omp simd
          for (std::int64_t j = 0; j < width; ++j) sums[j] += static_cast<double>(line[j]);
        }
        for (const Bin& column : bins.columns) {
          double sum = 0;
          for (std::int64_t j = column.begin; j < column.end; ++j) sum += sums[j];
          *out++ = static_cast<T>(sum / static_cast<double>(row.count * column.count));
        }
      }
    });
  });
}

void avg_pool_into(Tensor& dx, Write mode, const Tensor& g, const PlaneBins& bins) {
  if (dx.numel() == 0) return;
  const std::int64_t width = bins.width, in_size = bins.height * width;
  const auto out_size = static_cast<std::int64_t>(bins.rows.size() * bins.columns.size());
  dispatch_floating("avg_pool", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = g.data<T>();
    T* to = dx.mutable_data<T>();
    for_each_plane(dx.numel(), in_size, [&](std::int64_t plane) {
      const T* slope = from + plane * out_size;
      T* out = to + plane * in_size;
      if (mode == Write::overwrite) std::fill(out, out + in_size, T(0));
      std::vector<T> storage(static_cast<std::size_t>(width));
      T* share = storage.data();  // of each element in a row of a bin
      for (const Bin& row : bins.rows) {
        std::fill(share, share + width, T(0));
        for (const Bin& column : bins.columns) {
          const T each = *slope++ / static_cast<T>(row.count * column.count);
          for (std::int64_t j = column.begin; j < column.end; ++j) share[j] += each;
        }
        for (std::int64_t i = row.begin; i < row.end; ++i) {
          T* line = out + i * width;
#pragma omp simd
          for (std::int64_t j = 0; j < width; ++j) line[j] += share[j];
        }
      }
    });
  });
}

}  // namespace plumb::kernel
