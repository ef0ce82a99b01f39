#include "layout.hpp"

#include <algorithm>
#include <utility>

#include "../runtime/internal/fail.hpp"
#include "broadcast.hpp"

namespace plumb::kernel {
namespace {

// The axes of a permuted copy in the order of the result, with their strides in the source, in
// elements. Axes of size 1 are left out, those that stay side by side are merged.
struct PermutedWalk {
  int rank = 0;
  std::int64_t sizes[Shape::max_rank] = {};
  std::int64_t strides[Shape::max_rank] = {};

  PermutedWalk(const Shape& source, const Axes& order) {
    for (const int axis : order) {
      const std::int64_t size = source[axis];
      if (size == 1) continue;
      const std::int64_t stride = source.numel(axis + 1, source.rank());
      if (rank > 0 && strides[rank - 1] == stride * size) {
        sizes[rank - 1] *= size;
        strides[rank - 1] = stride;
        continue;
      }
      sizes[rank] = size;
      strides[rank++] = stride;
    }
  }

  // Offsets of the element that has number `index` among those of all axes but `skip` and the last.
  void offsets(std::int64_t index, int skip, const std::int64_t* result_strides, std::int64_t& from,
               std::int64_t& to) const {
    from = to = 0;
    for (int axis = rank - 2; axis >= 0; --axis) {
      if (axis == skip) continue;
      const std::int64_t i = index % sizes[axis];
      index /= sizes[axis];
      from += i * strides[axis];
      to += i * result_strides[axis];
    }
  }
};

// Rows that are contiguous on both sides.
template <class T>
void copy_rows(const PermutedWalk& walk, const std::int64_t* result_strides, std::int64_t numel,
               const T* from, T* to) {
  const std::int64_t length = walk.sizes[walk.rank - 1];
  parallel_for(numel / length, grain / length + 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      std::int64_t source, target;
      walk.offsets(row, -1, result_strides, source, target);
      for (std::int64_t i = 0; i < length; ++i) to[target + i] = from[source + i];
    }
  });
}

// The axis that is contiguous in the source (`across`) and the one that is contiguous in the result
// (the last) are exchanged in tiles, through a buffer that stays in the nearest cache: rows that
// are a power of two apart would push each other out of it.
template <class T>
void copy_tiles(const PermutedWalk& walk, const std::int64_t* result_strides, int across,
                std::int64_t numel, const T* from, T* to) {
  constexpr std::int64_t tile = 16;
  const std::int64_t down = walk.sizes[walk.rank - 1], down_stride = walk.strides[walk.rank - 1];
  const std::int64_t wide = walk.sizes[across], wide_stride = result_strides[across];
  const std::int64_t down_tiles = (down + tile - 1) / tile, wide_tiles = (wide + tile - 1) / tile;
  parallel_for(
      numel / (down * wide) * down_tiles * wide_tiles, grain / (tile * tile),
      [&](std::int64_t begin, std::int64_t end) {
        T buffer[tile][tile];
        for (std::int64_t task = begin; task < end; ++task) {
          std::int64_t source, target;
          walk.offsets(task / (down_tiles * wide_tiles), across, result_strides, source, target);
          const std::int64_t d0 = task % down_tiles * tile;
          const std::int64_t w0 = task / down_tiles % wide_tiles * tile;
          const std::int64_t rows = std::min(tile, down - d0), columns = std::min(tile, wide - w0);
          const T* in = from + source + d0 * down_stride + w0;
          for (std::int64_t d = 0; d < rows; ++d)
            for (std::int64_t w = 0; w < columns; ++w) buffer[w][d] = in[d * down_stride + w];
          T* out = to + target + w0 * wide_stride + d0;
          for (std::int64_t w = 0; w < columns; ++w)
            for (std::int64_t d = 0; d < rows; ++d) out[w * wide_stride + d] = buffer[w][d];
        }
      });
}

// outer x count stretches of `length` contiguous elements, with the strides of both sides.
struct Stretches {
  std::int64_t outer, count, length;
  std::int64_t from_outer, from_step;
  std::int64_t to_outer, to_step;
};

template <class T>
void copy_stretches(const Stretches& s, const T* from, T* to, Write mode) {
  if (s.length == 0) return;
  const std::int64_t piece = std::min(s.length, grain);
  const std::int64_t pieces = (s.length + piece - 1) / piece;
  parallel_for(s.outer * s.count * pieces, grain / piece,
               [&](std::int64_t begin, std::int64_t end) {
                 std::int64_t p = begin % pieces;
                 std::int64_t k = begin / pieces % s.count, o = begin / pieces / s.count;
                 for (std::int64_t task = begin; task < end; ++task) {
                   const std::int64_t n = std::min(piece, s.length - p * piece);
                   const T* in = from + o * s.from_outer + k * s.from_step + p * piece;
                   T* out = to + o * s.to_outer + k * s.to_step + p * piece;
                   if (mode == Write::overwrite) {
                     for (std::int64_t i = 0; i < n; ++i) out[i] = in[i];
                   } else {
#pragma omp simd
                     for (std::int64_t i = 0; i < n; ++i) out[i] += in[i];
                   }
                   if (++p < pieces) continue;
                   p = 0;
                   if (++k < s.count) continue;
                   k = 0;
                   ++o;
                 }
               });
}

// Elements begin, begin + step, ... of the middle axis of [outer, n, inner].
struct Taken {
  std::int64_t outer, n, inner;

  Taken(const Shape& shape, int axis)
      : outer(shape.numel(0, axis)), n(shape[axis]), inner(shape.numel(axis + 1, shape.rank())) {}

  // To a contiguous [outer, count, inner]; neighbours are one stretch.
  Stretches stretches(std::int64_t count, std::int64_t step) const {
    if (step == 1) return {outer, 1, count * inner, n * inner, 0, count * inner, 0};
    return {outer, count, inner, n * inner, step * inner, count * inner, inner};
  }
};

}  // namespace

Tensor permuted(const Tensor& x, const Axes& order) {
  Shape shape;
  for (const int axis : order) shape.push_back(x.shape()[axis]);
  Tensor y = Tensor::empty(shape, x.dtype());
  if (y.numel() == 0) return y;
  const PermutedWalk walk(x.shape(), order);
  if (walk.rank <= 1) {
    y.copy_from(x.reshape(shape));
    return y;
  }
  std::int64_t result_strides[Shape::max_rank];
  int across = walk.rank - 1;  // the axis whose stride in x is 1
  std::int64_t stride = 1;
  for (int axis = walk.rank - 1; axis >= 0; --axis) {
    result_strides[axis] = stride;
    stride *= walk.sizes[axis];
    if (walk.strides[axis] == 1) across = axis;
  }
  dispatch_all(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (across == walk.rank - 1)
      return copy_rows(walk, result_strides, y.numel(), x.data<T>(), y.mutable_data<T>());
    copy_tiles(walk, result_strides, across, y.numel(), x.data<T>(), y.mutable_data<T>());
  });
  return y;
}

Tensor slice(const Tensor& x, int axis, std::int64_t begin, std::int64_t count, std::int64_t step) {
  Shape shape = x.shape();
  shape[axis] = count;
  Tensor y = Tensor::empty(shape, x.dtype());
  if (y.numel() == 0) return y;
  const Taken taken(x.shape(), axis);
  dispatch_all(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    copy_stretches(taken.stretches(count, step), x.data<T>() + begin * taken.inner,
                   y.mutable_data<T>(), Write::overwrite);
  });
  return y;
}

void slice_into(Tensor& dx, Write mode, const Tensor& g, int axis, std::int64_t begin,
                std::int64_t step) {
  if (mode == Write::overwrite) dx.fill(0);
  if (g.numel() == 0) return;
  const Taken taken(dx.shape(), axis);
  Stretches s = taken.stretches(g.shape()[axis], step);
  std::swap(s.from_outer, s.to_outer);
  std::swap(s.from_step, s.to_step);
  dispatch_floating("slice_into", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    copy_stretches(s, g.data<T>(), dx.mutable_data<T>() + begin * taken.inner, mode);
  });
}

Tensor concat(const std::vector<Tensor>& parts, int axis) {
  Shape shape = parts.front().shape();
  shape[axis] = 0;
  for (const Tensor& part : parts)
    if (__builtin_add_overflow(shape[axis], part.shape()[axis], &shape[axis]))
      fail("concat", "the sizes along axis ", axis, " add up to more than 2^63 - 1");
  Tensor y = Tensor::empty(shape, parts.front().dtype());
  if (y.numel() == 0) return y;
  const Taken whole(shape, axis);
  dispatch_all(y.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = y.mutable_data<T>();
    for (const Tensor& part : parts) {
      const std::int64_t length = part.shape()[axis] * whole.inner;
      copy_stretches({whole.outer, 1, length, length, 0, whole.n * whole.inner, 0}, part.data<T>(),
                     to, Write::overwrite);
      to += length;
    }
  });
  return y;
}

Tensor expanded(const Tensor& x, const Shape& shape) {
  Tensor y = Tensor::empty(shape, x.dtype());
  dispatch_all(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    broadcast_loop<T>(
        shape, y.mutable_data<T>(), [](T value) { return value; }, x);
  });
  return y;
}

void expand_into(Tensor& dx, Write mode, const Tensor& g, double divisor) {
  dispatch_floating("expand_into", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T number = static_cast<T>(divisor);
    T* out = dx.mutable_data<T>();
    if (mode == Write::overwrite)
      return broadcast_loop<T>(
          dx.shape(), out, [number](T g) { return g / number; }, g);
    broadcast_loop<T>(
        dx.shape(), out, [number](T sum, T g) { return sum + g / number; }, dx, g);
  });
}

}  // namespace plumb::kernel
