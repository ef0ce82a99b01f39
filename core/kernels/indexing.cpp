#include "indexing.hpp"

#include <algorithm>
#include <vector>

#include "../simd/loops.hpp"

namespace plumb::kernel {
namespace {

// Of the elements of a box that stands in the corner of another: where each lies in the outer one.
std::vector<std::int64_t> corner_offsets(const Shape& box, const Shape& whole, int first,
                                         int last) {
  std::vector<std::int64_t> offsets(static_cast<std::size_t>(box.numel(first, last)));
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    std::int64_t rest = static_cast<std::int64_t>(i), stride = 1;
    for (int axis = last - 1; axis >= first; --axis) {
      offsets[i] += rest % box[axis] * stride;
      rest /= box[axis];
      stride *= whole[axis];
    }
  }
  return offsets;
}

// An axis of x, with the axes around it merged: the index is [outer, m, inner], x is
// [.., n, x_inner]. Where the index is smaller than x in other axes, tables say what stands where.
struct Picked {
  std::int64_t outer, m, inner, n, x_inner;
  std::vector<std::int64_t> outer_table, inner_table;

  Picked(const Shape& x, const Shape& index, int axis)
      : outer(index.numel(0, axis)),
        m(index[axis]),
        inner(index.numel(axis + 1, index.rank())),
        n(x[axis]),
        x_inner(x.numel(axis + 1, x.rank())) {
    if (outer != x.numel(0, axis)) outer_table = corner_offsets(index, x, 0, axis);
    if (inner != x_inner) inner_table = corner_offsets(index, x, axis + 1, x.rank());
  }

  // Where in x the element 0 along the axis stands.
  std::int64_t outer_offset(std::int64_t o) const {
    return (outer_table.empty() ? o : outer_table[static_cast<std::size_t>(o)]) * n * x_inner;
  }
  std::int64_t inner_offset(std::int64_t i) const {
    return inner_table.empty() ? i : inner_table[static_cast<std::size_t>(i)];
  }
};

// Calls f(o, left, right) for parts of [outer, m, inner] that no index joins: an outer number and
// a range of columns. Narrow ranges only where there are few outer numbers to share out.
template <class F>
void for_each_part(std::int64_t outer, std::int64_t m, std::int64_t inner, F f) {
  if (m == 0 || inner == 0) return;
  const std::int64_t width = outer < 16 ? std::min<std::int64_t>(inner, 64) : inner;
  const std::int64_t tiles = (inner + width - 1) / width;
  parallel_for(outer * tiles, grain / (m * width) + 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t left = task % tiles * width;
      f(task / tiles, left, std::min(left + width, inner));
    }
  });
}

}  // namespace

void check_indices(std::string_view operation, const Tensor& index, std::int64_t size) {
  if (index.dtype() != DType::int64)
    fail(operation, "the index must be int64, got ", index.dtype());
  const std::int64_t* data = index.data<std::int64_t>();
  parallel_for(index.numel(), grain, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      if (data[i] < 0 || data[i] >= size)
        fail(operation, "index ", data[i], " at element ", i, " is out of range [0, ", size, ")");
  });
}

Tensor gather(const Tensor& x, int axis, const Tensor& index) {
  Tensor y = Tensor::empty(index.shape(), x.dtype());
  if (y.numel() == 0) return y;
  const Picked picked(x.shape(), index.shape(), axis);
  const std::int64_t m = picked.m, inner = picked.inner;
  const std::int64_t* at = index.data<std::int64_t>();
  dispatch_all(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    parallel_for(picked.outer * m, grain / inner + 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const T* base = from + picked.outer_offset(row / m);
        for (std::int64_t i = 0; i < inner; ++i)
          to[row * inner + i] = base[at[row * inner + i] * picked.x_inner + picked.inner_offset(i)];
      }
    });
  });
  return y;
}

void gather_into(Tensor& dx, Write mode, const Tensor& g, int axis, const Tensor& index) {
  if (mode == Write::overwrite) dx.fill(0);
  if (g.numel() == 0) return;
  const Picked picked(dx.shape(), index.shape(), axis);
  const std::int64_t m = picked.m, inner = picked.inner;
  const std::int64_t* at = index.data<std::int64_t>();
  dispatch_floating("gather_into", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = g.data<T>();
    T* to = dx.mutable_data<T>();
    for_each_part(picked.outer, m, inner,
                  [&](std::int64_t o, std::int64_t left, std::int64_t right) {
                    T* base = to + picked.outer_offset(o);
                    for (std::int64_t row = o * m; row < (o + 1) * m; ++row)
                      for (std::int64_t i = left; i < right; ++i)
                        base[at[row * inner + i] * picked.x_inner + picked.inner_offset(i)] +=
                            from[row * inner + i];
                  });
  });
}

Tensor index_select(const Tensor& x, int axis, const Tensor& index) {
  Shape shape = x.shape();
  shape[axis] = index.numel();
  Tensor y = Tensor::empty(shape, x.dtype());
  if (y.numel() == 0) return y;
  const std::int64_t n = x.shape()[axis], m = index.numel();
  const std::int64_t inner = shape.numel(axis + 1, shape.rank());
  const std::int64_t* at = index.data<std::int64_t>();
  dispatch_all(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    parallel_for(y.numel() / inner, grain / inner + 1, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const T* in = from + (row / m * n + at[row % m]) * inner;
        for (std::int64_t i = 0; i < inner; ++i) to[row * inner + i] = in[i];
      }
    });
  });
  return y;
}

void index_select_into(Tensor& dx, Write mode, const Tensor& g, int axis, const Tensor& index) {
  if (mode == Write::overwrite) dx.fill(0);
  if (g.numel() == 0) return;
  const std::int64_t n = dx.shape()[axis], m = index.numel();
  const std::int64_t inner = dx.shape().numel(axis + 1, dx.rank());
  const std::int64_t* at = index.data<std::int64_t>();
  dispatch_floating("index_select_into", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = g.data<T>();
    T* to = dx.mutable_data<T>();
    for_each_part(dx.shape().numel(0, axis), m, inner,
                  [=](std::int64_t o, std::int64_t left, std::int64_t right) {
                    for (std::int64_t k = 0; k < m; ++k) {
                      const T* in = from + (o * m + k) * inner;
                      T* out = to + (o * n + at[k]) * inner;
#pragma omp simd
                      for (std::int64_t i = left; i < right; ++i) out[i] += in[i];
                    }
                  });
  });
}

}  // namespace plumb::kernel
