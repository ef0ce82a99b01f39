#include "max_pool.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <vector>

#include "../../simd/vector.hpp"
#include "../../tensor/internal/dispatch.hpp"
#include "pool_2x2.hpp"

namespace plumb::kernel {
namespace {

// The taps of a window at one position that see the input and no padding: [begin, end).
struct Seen {
  std::int64_t begin = 0, end = 0;

  Seen(const SlidingWindow& window, std::int64_t position, std::int64_t input) {
    const std::int64_t before = window.padding - position * window.stride;  // of the first input
    const auto taps = [&](std::int64_t n) { return n <= 0 ? 0 : (n - 1) / window.dilation + 1; };
    const std::int64_t first = taps(before), last = std::min(window.kernel, taps(before + input));
    if (first < last) begin = first, end = last;
  }
};

// The windows along an axis all of whose taps see the input: [begin, end).
struct Inner {
  std::int64_t begin = 0, end = 0;

  Inner() = default;
  Inner(const SlidingWindow& window, std::int64_t input, std::int64_t positions) {
    const auto whole = [&](std::int64_t i) {
      const Seen seen(window, i, input);
      return seen.end - seen.begin == window.kernel;
    };
    for (begin = 0; begin < positions && !whole(begin);) ++begin;
    for (end = positions; end > begin && !whole(end - 1);) --end;
  }
};

// The largest elements of `lanes` windows of which the rows `seen` see the input: x is the first
// element that the first window sees.
template <int lanes, class T, class C, class Step>
PLUMB_INLINE inline void max_block(const PlaneWindows& w, const Seen& seen, const T* x, Step stride,
                                   T* y, C* places) {
  using V = Vector<T, lanes>;
  using Place = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  using P = Vector<Place, lanes>;
  V largest = V{} - std::numeric_limits<T>::infinity();
  P place = P{} + static_cast<Place>(seen.begin * w.columns.kernel);
  for (std::int64_t i = seen.begin; i < seen.end; ++i, x += w.rows.dilation * w.width)
    for (std::int64_t j = 0; j < w.columns.kernel; ++j) {
      V now;
      load_strided<lanes>(now, x + j * w.columns.dilation, stride);
      keep_larger(largest, place, now, P(P{} + static_cast<Place>(i * w.columns.kernel + j)));
    }
  store(y, largest);
  store_integers<lanes>(places, place);
}

// The largest element of one window, from its plane.
template <class T, class C>
PLUMB_INLINE inline void max_window(const PlaneWindows& w, std::int64_t row, std::int64_t column,
                                    const T* x, T* y, C* place) {
  const Seen rows(w.rows, row, w.height), columns(w.columns, column, w.width);
  const std::int64_t top = row * w.rows.stride - w.rows.padding;
  const std::int64_t left = column * w.columns.stride - w.columns.padding;
  T largest = -std::numeric_limits<T>::infinity();
  *place = static_cast<C>(rows.begin * w.columns.kernel + columns.begin);
  for (std::int64_t i = rows.begin; i < rows.end; ++i)
    for (std::int64_t j = columns.begin; j < columns.end; ++j) {
      const T now = x[(top + i * w.rows.dilation) * w.width + left + j * w.columns.dilation];
      if (now <= largest || largest != largest) continue;
      largest = now;
      *place = static_cast<C>(i * w.columns.kernel + j);
    }
  *y = largest;
}

// Largest elements of windows of any kind, for the rows of windows [begin, end) of all planes.
template <int lanes, class T, class C>
PLUMB_INLINE inline void max_rows(const PlaneWindows& w, const Inner& inner, std::int64_t begin,
                                  std::int64_t end, const T* x, T* y, C* places) {
  for (std::int64_t row = begin; row < end; ++row) {
    const std::int64_t i = row % w.out_height;
    const T* plane = x + row / w.out_height * w.in_size();
    T* to = y + row * w.out_width;
    C* at = places + row * w.out_width;
    for (std::int64_t j = 0; j < inner.begin; ++j) max_window(w, i, j, plane, to + j, at + j);
    const Seen seen(w.rows, i, w.height);
    const std::int64_t top = i * w.rows.stride - w.rows.padding + seen.begin * w.rows.dilation;
    const std::int64_t start = top * w.width - w.columns.padding;
    with_step(w.columns.stride, [=, &w](auto stride) PLUMB_INLINE {
      cover<lanes>(inner.end - inner.begin, [=, &w](std::int64_t block, auto number) PLUMB_INLINE {
        const std::int64_t j = inner.begin + block;
        max_block<number>(w, seen, plane + start + j * stride, stride, to + j, at + j);
      });
    });
    for (std::int64_t j = inner.end; j < w.out_width; ++j)
      max_window(w, i, j, plane, to + j, at + j);
  }
}

// Where the elements of a window stand, from the position of its first one.
class Taps {
 public:
  struct Offset {
    std::int64_t row, column;
  };

  explicit Taps(const PlaneWindows& windows) : rows_(windows.rows), columns_(windows.columns) {
    if (argmax_dtype(windows) != DType::uint8) return;
    const std::int64_t count = rows_.kernel * columns_.kernel;
    for (std::int64_t place = 0; place < count; ++place) table_.push_back(find(place));
  }

  Offset operator[](std::int64_t place) const {
    return table_.empty() ? find(place) : table_[static_cast<std::size_t>(place)];
  }

 private:
  Offset find(std::int64_t place) const {
    return {place / columns_.kernel * rows_.dilation, place % columns_.kernel * columns_.dilation};
  }

  SlidingWindow rows_, columns_;
  std::vector<Offset> table_;  // of all places that a byte may hold: divisions take long
};

template <class T, class C>
void scatter_plane(const PlaneWindows& w, const Taps& taps, const T* g, const C* places, T* dx) {
  for (std::int64_t i = 0; i < w.out_height; ++i)
    for (std::int64_t j = 0; j < w.out_width; ++j, ++g, ++places) {
      const Taps::Offset tap = taps[static_cast<std::int64_t>(*places)];
      const std::int64_t row = i * w.rows.stride - w.rows.padding + tap.row;
      const std::int64_t column = j * w.columns.stride - w.columns.padding + tap.column;
      // A window of padding alone passes nothing on.
      if (row >= 0 && row < w.height && column >= 0 && column < w.width)
        dx[row * w.width + column] += *g;
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
  dispatch_max_pool(x.dtype(), argmax.dtype(), [&](auto tag, auto place_tag) {
    using T = typename decltype(tag)::type;
    using C = typename decltype(place_tag)::type;
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    C* places = argmax.mutable_data<C>();
    if constexpr (sizeof(C) == 1) {
      if (is_2x2(w))
        return for_planes(x.numel(), w.in_size(), [=](std::int64_t begin, std::int64_t end) {
          max_pool_2x2(end - begin, w, from + begin * w.in_size(), to + begin * w.out_size(),
                       places + begin * w.out_size());
        });
    }
    // Places of larger windows do not fit beside elements of a vector.
    const bool narrow = w.rows.kernel < 32768 && w.columns.kernel < 32768;
    const Inner inner = narrow ? Inner(w.columns, w.width, w.out_width) : Inner{};
    for_planes(x.numel(), w.in_size(), [&](std::int64_t begin, std::int64_t end) {
      on_best_vectors([=, &w, &inner](auto bytes) PLUMB_INLINE {
        max_rows<LanesOf<T, bytes>::value>(w, inner, begin * w.out_height, end * w.out_height, from,
                                           to, places);
      });
    });
  });
}

void max_pool_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& argmax,
                   const PlaneWindows& w) {
  if (dx.numel() == 0) return;
  dispatch_max_pool(dx.dtype(), argmax.dtype(), [&](auto tag, auto place_tag) {
    using T = typename decltype(tag)::type;
    using C = typename decltype(place_tag)::type;
    const T* slope = g.data<T>();
    const C* places = argmax.data<C>();
    T* to = dx.mutable_data<T>();
    if constexpr (sizeof(C) == 1) {
      if (mode == Write::overwrite && is_2x2(w))
        return for_planes(dx.numel(), w.in_size(), [=](std::int64_t begin, std::int64_t end) {
          max_pool_2x2_into(end - begin, w, slope + begin * w.out_size(),
                            places + begin * w.out_size(), to + begin * w.in_size());
        });
    }
    const Taps taps(w);
    for_planes(dx.numel(), w.in_size(), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t plane = begin; plane < end; ++plane) {
        T* out = to + plane * w.in_size();
        if (mode == Write::overwrite) std::fill(out, out + w.in_size(), T(0));
        scatter_plane(w, taps, slope + plane * w.out_size(), places + plane * w.out_size(), out);
      }
    });
  });
}

}  // namespace plumb::kernel
