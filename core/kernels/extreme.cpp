#include "extreme.hpp"

#include <algorithm>
#include <limits>
#include <string_view>
#include <type_traits>

#include "../runtime/internal/fail.hpp"
#include "../simd/loops.hpp"
#include "reduce_loops.hpp"

namespace plumb::kernel {
namespace {

void check_elements(std::string_view operation, const Tensor& x, const ReducedAxes& reduced) {
  for (int axis = 0; axis < x.rank(); ++axis)
    if (reduced.axis[axis] && x.shape()[axis] == 0)
      fail(operation, "there is no element to choose along axis ", axis, " of ", x.shape());
}

constexpr std::int64_t tile_width = 1024;

// Whether x is the extreme y of its elements. If one of them is NaN, y is NaN: so every NaN is.
template <class T>
PLUMB_INLINE inline bool chosen(T x, T y) {
  return x == y || x != x;
}

// Where the first of n elements that was chosen stands; one of them was.
template <class T>
PLUMB_INLINE inline std::int64_t first_chosen(std::int64_t n, const T* x, T y) {
  constexpr std::int64_t block = 64;
  std::int64_t k = 0;
  for (; k + block < n; k += block) {
    int found = 0;
#pragma omp simd reduction(+ : found)
    for (std::int64_t i = 0; i < block; ++i) {
      const int equal = x[k + i] == y ? 1 : 0;
      found += x[k + i] != x[k + i] ? 1 : equal;
    }
    if (found != 0) break;
  }
  while (k + 1 < n && !chosen(x[k], y)) ++k;
  return k;
}

// The same for `columns` runs side by side, `stride` apart: first[i] for each. Index is as wide as
// an element, as vectors go, or wide enough for n.
template <class Index, class T>
PLUMB_INLINE inline void first_chosen_of_columns(std::int64_t n, std::int64_t stride,
                                                 std::int64_t columns, const T* x, const T* y,
                                                 std::int64_t* first) {
  Index found[tile_width];
  for (std::int64_t i = 0; i < columns; ++i) found[i] = 0;
  // Backwards, so that the first is written last.
  for (std::int64_t k = n - 1; k >= 0; --k) {
    const T* row = x + k * stride;
    const auto here = static_cast<Index>(k);
#pragma omp simd
    for (std::int64_t i = 0; i < columns; ++i) {
      const Index equal = row[i] == y[i] ? here : found[i];
      found[i] = row[i] != row[i] ? here : equal;
    }
  }
  for (std::int64_t i = 0; i < columns; ++i) first[i] = static_cast<std::int64_t>(found[i]);
}

// For each result the first element along n that was chosen, as an index in the memory of x.
template <class T>
void find_first(const ReducedSizes& sizes, const T* x, const T* y, std::int64_t* position) {
  using Narrow = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;
  const auto [outer, n, inner] = sizes;
  const std::int64_t width = std::min<std::int64_t>(inner, tile_width);
  const std::int64_t tiles = width == 0 ? 0 : (inner + width - 1) / width;
  const auto tile = [=, n = n, inner = inner](std::int64_t task) PLUMB_INLINE {
    const std::int64_t o = task / tiles, left = task % tiles * width;
    const std::int64_t base = o * n * inner + left, columns = std::min(width, inner - left);
    const T *from = x + base, *value = y + o * inner + left;
    std::int64_t* to = position + o * inner + left;
    if (inner == 1) {
      *to = first_chosen(n, from, *value);
    } else if (n <= std::numeric_limits<Narrow>::max()) {
      first_chosen_of_columns<Narrow>(n, inner, columns, from, value, to);
    } else {
      first_chosen_of_columns<std::int64_t>(n, inner, columns, from, value, to);
    }
    for (std::int64_t i = 0; i < columns; ++i) to[i] = base + to[i] * inner + i;
  };
  parallel_for(outer * tiles, grain / (n * width + 1) + 1,
               [=](std::int64_t begin, std::int64_t end) {
                 on_best_isa([=]() PLUMB_INLINE {
                   for (std::int64_t task = begin; task < end; ++task) tile(task);
                 });
               });
}

// From indices in a permuted copy to indices in the tensor itself.
void unpermute(const Shape& shape, const Axes& order, std::int64_t count, std::int64_t* position) {
  for (std::int64_t j = 0; j < count; ++j) {
    std::int64_t rest = position[j], index = 0;
    for (int i = order.size() - 1; i >= 0; --i) {
      const int axis = order[i];
      index += rest % shape[axis] * shape.numel(axis + 1, shape.rank());
      rest /= shape[axis];
    }
    position[j] = index;
  }
}

}  // namespace

Tensor extreme(const Tensor& x, Extreme which, const Axes& axes, KeepDims keep) {
  const std::string_view operation = which == Extreme::largest ? "max" : "min";
  const ReducedAxes reduced(operation, axes, x.rank());
  check_elements(operation, x, reduced);
  Tensor y = Tensor::empty(reduced_shape(operation, x.shape(), axes, keep), x.dtype());
  const Arranged arranged(x, reduced);
  dispatch_all(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = arranged.x.data<T>();
    if (which == Extreme::largest) {
      reduce<Larger>(arranged.sizes, from, Element(), y.mutable_data<T>());
    } else {
      reduce<Smaller>(arranged.sizes, from, Element(), y.mutable_data<T>());
    }
  });
  return y;
}

Tensor extreme_positions(const Tensor& x, const Tensor& y, const Axes& axes) {
  const ReducedAxes reduced("argmax", axes, x.rank());
  check_elements("argmax", x, reduced);
  const Arranged arranged(x, reduced);
  Tensor positions = Tensor::empty(y.shape(), DType::int64);
  std::int64_t* to = positions.mutable_data<std::int64_t>();
  dispatch_all(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    find_first(arranged.sizes, arranged.x.data<T>(), y.data<T>(), to);
  });
  if (arranged.order.size() > 0) unpermute(x.shape(), arranged.order, positions.numel(), to);
  return positions;
}

Tensor argmax(const Tensor& x) {
  check_elements("argmax", x, ReducedAxes("argmax", {}, x.rank()));
  return extreme_positions(x, extreme(x, Extreme::largest), {});
}

Tensor argmax(const Tensor& x, int axis, KeepDims keep) {
  const ReducedAxes reduced("argmax", axis, x.rank());
  check_elements("argmax", x, reduced);
  Tensor result = extreme_positions(x, extreme(x, Extreme::largest, axis, keep), axis);
  const int along = normalize_axis("argmax", axis, x.rank());
  const std::int64_t n = x.shape()[along], inner = x.shape().numel(along + 1, x.rank());
  std::int64_t* to = result.mutable_data<std::int64_t>();
  loop(
      result.numel(), to, Write::overwrite,
      [=](std::int64_t position) { return position / inner % n; }, to);
  return result;
}

void place_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& positions) {
  if (mode == Write::overwrite) dx.fill(0);
  dispatch_floating("place_into", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = dx.mutable_data<T>();
    const T* from = g.data<T>();
    const std::int64_t* position = positions.data<std::int64_t>();
    parallel_for(g.numel(), grain, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) to[position[i]] += from[i];
    });
  });
}

void share_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& y) {
  dispatch_floating("share_into", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T value = *y.data<T>();
    T count;
    reduce<Plus>(
        ReducedSizes{1, x.numel(), 1}, x.data<T>(),
        [value](T v, std::int64_t) { return T(chosen(v, value)); }, &count);
    const T share = *g.data<T>() / count;
    map_into(
        dx, mode, [=](auto v) { return chosen<T>(v, value) ? share : T(0); }, x);
  });
}

}  // namespace plumb::kernel
