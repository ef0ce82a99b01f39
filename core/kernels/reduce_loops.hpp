// Loops that combine the elements along some axes into one, in an order that shapes alone decide.
#pragma once

#include <limits>
#include <string_view>
#include <type_traits>

#include "../runtime/parallel.hpp"
#include "../simd/isa.hpp"
#include "../tensor/axes.hpp"
#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"
#include "layout.hpp"

namespace plumb::kernel {

/// For each axis whether it is reduced: those that are named, or all where none is.
struct ReducedAxes {
  bool axis[Shape::max_rank] = {};

  ReducedAxes(std::string_view operation, const Axes& axes, int rank) {
    for (const int named : normalize_axes(operation, axes, rank)) axis[named] = true;
    for (int i = 0; i < rank && axes.size() == 0; ++i) axis[i] = true;
  }
};

/// The axes of a shape, neighbours of one kind merged and those of size 1 left out.
struct AxisGroups {
  int count = 0;
  int reduced_count = 0;
  std::int64_t sizes[Shape::max_rank] = {};
  bool reduced[Shape::max_rank] = {};

  AxisGroups(const Shape& shape, const bool* reduced_axes) {
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] == 1) continue;
      if (count > 0 && reduced[count - 1] == reduced_axes[axis]) {
        sizes[count - 1] *= shape[axis];
        continue;
      }
      reduced_count += reduced_axes[axis];
      reduced[count] = reduced_axes[axis];
      sizes[count++] = shape[axis];
    }
  }
};

/// A tensor seen as [outer, n, inner], to be reduced over n.
struct ReducedSizes {
  std::int64_t outer, n, inner;

  /// Around one of the groups, all others being kept.
  static ReducedSizes around(const AxisGroups& groups, int chosen) {
    ReducedSizes sizes{1, 1, 1};
    for (int i = 0; i < groups.count; ++i)
      (i < chosen ? sizes.outer : i > chosen ? sizes.inner : sizes.n) *= groups.sizes[i];
    return sizes;
  }
};

/// x with its reduced axes side by side: itself where they are so already, else a permuted copy.
struct Arranged {
  Tensor x;
  ReducedSizes sizes;
  Axes order;  // of the axes in a copy: the kept ones, then the reduced; empty without one

  Arranged(const Tensor& source, const ReducedAxes& reduced) : x(source) {
    const AxisGroups groups(source.shape(), reduced.axis);
    if (groups.reduced_count == 0) {
      sizes = {source.numel(), 1, 1};
    } else if (groups.reduced_count == 1) {
      int chosen = 0;
      while (!groups.reduced[chosen]) ++chosen;
      sizes = ReducedSizes::around(groups, chosen);
    } else {
      sizes = {1, 1, 1};
      for (const bool wanted : {false, true})
        for (int axis = 0; axis < source.rank(); ++axis) {
          if (reduced.axis[axis] != wanted) continue;
          order.push_back(axis);
          (wanted ? sizes.n : sizes.outer) *= source.shape()[axis];
        }
      x = permuted(source, order);
    }
  }
};

// Integers wrap around: overflow of signed ones is undefined.
template <class T>
using Wrapping = std::conditional_t<std::is_integral_v<T>, std::uint64_t, T>;

struct Plus {
  template <class T>
  static T identity() {
    return T(0);
  }
  template <class T>
  PLUMB_INLINE static T combine(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
  }
};

struct Times {
  template <class T>
  static T identity() {
    return T(1);
  }
  template <class T>
  PLUMB_INLINE static T combine(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
  }
};

// Selections stand one behind the other instead of conditions with || below: g++ 12 makes no
// vectors of those.

/// The larger of two; NaN wins.
struct Larger {
  template <class T>
  static T identity() {
    using Limits = std::numeric_limits<T>;
    return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
  }
  template <class T>
  PLUMB_INLINE static T combine(T a, T b) {
    const T most = b <= a ? a : b;
    return a != a ? a : most;
  }
};

/// The smaller of two; NaN wins.
struct Smaller {
  template <class T>
  static T identity() {
    using Limits = std::numeric_limits<T>;
    return Limits::has_infinity ? Limits::infinity() : Limits::max();
  }
  template <class T>
  PLUMB_INLINE static T combine(T a, T b) {
    const T least = b >= a ? a : b;
    return a != a ? a : least;
  }
};

/// The element itself, for reductions that transform nothing.
struct Element {
  template <class T>
  PLUMB_INLINE T operator()(T x, std::int64_t) const {
    return x;
  }
};

namespace detail {

// Elements of a row, or of a slab of rows, that one task combines. Partial results of the tasks
// are then reduced like any tensor, so that no sum is a long chain.
inline constexpr std::int64_t row_chunk = std::int64_t{1} << 15;
inline constexpr std::int64_t slab_rows = 256;
inline constexpr std::int64_t slab_width = 1024;

inline std::int64_t pieces(std::int64_t n, std::int64_t size) {
  return n <= size ? 1 : (n + size - 1) / size;
}
inline std::int64_t tasks_at_once(std::int64_t elements_of_task) {
  return elements_of_task < row_chunk ? row_chunk / (elements_of_task + 1) + 1 : 1;
}

template <class T>
PLUMB_INLINE inline void store(T& to, Write mode, T value) {
  to = mode == Write::overwrite ? value : to + value;
}

// f of x[0], x[step], ... x[7 step], combined in a tree.
template <class Op, class T, class F>
PLUMB_INLINE inline T combine_eight(const T* x, std::int64_t step, std::int64_t at, F f) {
  const T a = Op::combine(f(x[0], at), f(x[step], at));
  const T b = Op::combine(f(x[2 * step], at), f(x[3 * step], at));
  const T c = Op::combine(f(x[4 * step], at), f(x[5 * step], at));
  const T d = Op::combine(f(x[6 * step], at), f(x[7 * step], at));
  return Op::combine(Op::combine(a, b), Op::combine(c, d));
}

// f(x[i], at) over i in [0, n), combined in lanes.
template <class Op, class T, class F>
PLUMB_INLINE inline T combine_leaf(std::int64_t n, const T* x, std::int64_t at, F f) {
  constexpr std::int64_t lanes = 16;
  T result = Op::template identity<T>();
  std::int64_t i = 0;
  if (n >= lanes) {
    T lane[lanes];
    for (T& value : lane) value = Op::template identity<T>();
    for (; i + 8 * lanes <= n; i += 8 * lanes) {
#pragma omp simd
      for (std::int64_t l = 0; l < lanes; ++l)
        lane[l] = Op::combine(lane[l], combine_eight<Op>(x + i + l, lanes, at, f));
    }
    for (; i + lanes <= n; i += lanes) {
#pragma omp simd
      for (std::int64_t l = 0; l < lanes; ++l) lane[l] = Op::combine(lane[l], f(x[i + l], at));
    }
    for (std::int64_t width = lanes / 2; width > 0; width /= 2)
      for (std::int64_t l = 0; l < width; ++l) lane[l] = Op::combine(lane[l], lane[l + width]);
    result = lane[0];
  }
  for (; i < n; ++i) result = Op::combine(result, f(x[i], at));
  return result;
}

// The same for up to row_chunk elements: leaves, and these pairwise.
template <class Op, class T, class F>
PLUMB_INLINE inline T combine_run(std::int64_t n, const T* x, std::int64_t at, F f) {
  constexpr std::int64_t leaf = 512;
  T leaves[row_chunk / leaf];
  std::int64_t count = 0, i = 0;
  do {
    leaves[count++] = combine_leaf<Op>(n - i < leaf ? n - i : leaf, x + i, at, f);
    i += leaf;
  } while (i < n);
  for (; count > 1; count = (count + 1) / 2) {
    for (std::int64_t i = 0; i < count / 2; ++i)
      leaves[i] = Op::combine(leaves[2 * i], leaves[2 * i + 1]);
    if (count % 2 != 0) leaves[count / 2] = leaves[count - 1];
  }
  return leaves[0];
}

template <class Op, class T, class F>
void reduce_rows(std::int64_t outer, std::int64_t n, const T* x, F f, T* out, Write mode) {
  const std::int64_t chunks = pieces(n, row_chunk);
  Tensor partial;
  if (chunks > 1) partial = Tensor::empty({outer * chunks}, dtype_of<T>);
  T* to = chunks > 1 ? partial.mutable_data<T>() : out;
  const Write own_mode = chunks > 1 ? Write::overwrite : mode;
  parallel_for(outer * chunks, tasks_at_once(n), [=](std::int64_t begin, std::int64_t end) {
    on_best_isa([=]() PLUMB_INLINE {
      for (std::int64_t task = begin; task < end; ++task) {
        const std::int64_t o = chunks == 1 ? task : task / chunks;
        const std::int64_t start = (task - o * chunks) * row_chunk;
        const std::int64_t count = n - start < row_chunk ? n - start : row_chunk;
        store(to[task], own_mode, combine_run<Op>(count, x + o * n + start, o, f));
      }
    });
  });
  if (chunks > 1) reduce_rows<Op>(outer, chunks, partial.data<T>(), Element(), out, mode);
}

// sum[i] = f(x[k stride + i], at + i) over k in [0, n), for i in [0, width): eight rows in a
// tree, and these one after the other.
template <class Op, class T, class F>
PLUMB_INLINE inline void combine_slab(std::int64_t n, std::int64_t stride, std::int64_t width,
                                      const T* x, std::int64_t at, F f, T* sum) {
  for (std::int64_t i = 0; i < width; ++i) sum[i] = Op::template identity<T>();
  std::int64_t k = 0;
  for (; k + 8 <= n; k += 8) {
    const T* row = x + k * stride;
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i)
      sum[i] = Op::combine(sum[i], combine_eight<Op>(row + i, stride, at + i, f));
  }
  for (; k < n; ++k) {
    const T* row = x + k * stride;
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i) sum[i] = Op::combine(sum[i], f(row[i], at + i));
  }
}

template <class Op, class T, class F>
void reduce_columns(const ReducedSizes& sizes, const T* x, F f, T* out, Write mode) {
  const std::int64_t n = sizes.n, inner = sizes.inner;
  const std::int64_t chunks = pieces(n, slab_rows), tiles = pieces(inner, slab_width);
  Tensor partial;
  if (chunks > 1) partial = Tensor::empty({sizes.outer * chunks * inner}, dtype_of<T>);
  T* to = chunks > 1 ? partial.mutable_data<T>() : out;
  const Write own_mode = chunks > 1 ? Write::overwrite : mode;
  const std::int64_t task_rows = n < slab_rows ? n : slab_rows;
  const std::int64_t task_width = inner < slab_width ? inner : slab_width;
  parallel_for(sizes.outer * chunks * tiles, tasks_at_once(task_rows * task_width),
               [=](std::int64_t begin, std::int64_t end) {
                 on_best_isa([=]() PLUMB_INLINE {
                   T sum[slab_width];
                   for (std::int64_t task = begin; task < end; ++task) {
                     const std::int64_t left = task % tiles * slab_width;
                     const std::int64_t top = task / tiles % chunks * slab_rows;
                     const std::int64_t o = task / tiles / chunks;
                     const std::int64_t rows = n - top < slab_rows ? n - top : slab_rows;
                     const std::int64_t width =
                         inner - left < slab_width ? inner - left : slab_width;
                     combine_slab<Op>(rows, inner, width, x + (o * n + top) * inner + left,
                                      o * inner + left, f, sum);
                     T* target = to + task / tiles * inner + left;
                     for (std::int64_t i = 0; i < width; ++i) store(target[i], own_mode, sum[i]);
                   }
                 });
               });
  if (chunks > 1)
    reduce_columns<Op>({sizes.outer, chunks, inner}, partial.data<T>(), Element(), out, mode);
}

}  // namespace detail

/// out[o, i] = f(x[o, k, i], o inner + i) over all k, combined by Op (where to be accumulated:
/// added to out). The order depends on the sizes alone, never on the number of threads.
template <class Op, class T, class F>
void reduce(const ReducedSizes& sizes, const T* x, F f, T* out, Write mode = Write::overwrite) {
  if (sizes.outer == 0 || sizes.inner == 0) return;
  if (sizes.inner == 1) return detail::reduce_rows<Op>(sizes.outer, sizes.n, x, f, out, mode);
  detail::reduce_columns<Op>(sizes, x, f, out, mode);
}

}  // namespace plumb::kernel
