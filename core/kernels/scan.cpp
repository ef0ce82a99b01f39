#include "scan.hpp"

#include <algorithm>
#include <type_traits>

#include "../simd/loops.hpp"
#include "arithmetic.hpp"
#include "reduce_loops.hpp"

// Without fused multiply-adds (CMakeLists.txt): a processor that has none computes the same.

namespace plumb::kernel {
namespace {

constexpr std::int64_t tile_width = 512;

ReducedSizes along(const Shape& shape, int axis) {
  return {shape.numel(0, axis), shape[axis], shape.numel(axis + 1, shape.rank())};
}

// Calls f(first, columns, result) for runs of n elements, `inner` apart, that stand side by side: the
// first element of the first of `columns` runs, and which of all runs it is. On all threads, compiled
// for each instruction set.
template <class F>
void for_each_run(const ReducedSizes& sizes, F f) {
  const auto [outer, n, inner] = sizes;
  const std::int64_t width = std::min(inner, tile_width);
  const std::int64_t tiles = width == 0 ? 0 : (inner + width - 1) / width;
  parallel_for(outer * tiles, grain / (n * width + 1) + 1,
               [=, n = n, inner = inner](std::int64_t begin, std::int64_t end) {
                 on_best_isa([=]() PLUMB_INLINE {
                   for (std::int64_t task = begin; task < end; ++task) {
                     const std::int64_t o = task / tiles, left = task % tiles * width;
                     f(o * n * inner + left, std::min(width, inner - left), o * inner + left);
                   }
                 });
               });
}

enum class Direction { forward, backward };

// out[k] = or += the sum of x up to k, from either end.
template <class Sum, class T>
void running_sums(const ReducedSizes& sizes, Direction direction, const T* x, T* out, Write mode) {
  const auto [outer, n, inner] = sizes;
  const bool forward = direction == Direction::forward, overwrite = mode == Write::overwrite;
  for_each_run(sizes, [=, n = n, inner = inner](std::int64_t first, std::int64_t columns,
                                                std::int64_t) PLUMB_INLINE {
    if (inner == 1) {  // in a register
      Sum sum = 0;
      for (std::int64_t k = 0; k < n; ++k) {
        const std::int64_t at = first + (forward ? k : n - 1 - k);
        sum += static_cast<Sum>(x[at]);
        out[at] = overwrite ? static_cast<T>(sum) : static_cast<T>(out[at] + static_cast<T>(sum));
      }
      return;
    }
    Sum sums[tile_width];
    for (std::int64_t i = 0; i < columns; ++i) sums[i] = 0;
    for (std::int64_t k = 0; k < n; ++k) {
      const std::int64_t row = first + (forward ? k : n - 1 - k) * inner;
      const T* from = x + row;
      T* to = out + row;
#pragma omp simd
      for (std::int64_t i = 0; i < columns; ++i) {
        sums[i] += static_cast<Sum>(from[i]);
        const T sum = static_cast<T>(sums[i]);
        to[i] = overwrite ? sum : static_cast<T>(to[i] + sum);
      }
    }
  });
}

}  // namespace

Tensor cumsum(const Tensor& x, int axis) {
  if (x.dtype() == DType::uint8) return cumsum(x.to(DType::int64), axis);
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  dispatch_all(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using Sum = std::conditional_t<std::is_integral_v<T>, std::uint64_t, double>;
    running_sums<Sum>(along(x.shape(), axis), Direction::forward, x.data<T>(), y.mutable_data<T>(),
                      Write::overwrite);
  });
  return y;
}

void cumsum_into(Tensor& dx, Write mode, const Tensor& g, int axis) {
  dispatch_floating("cumsum", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    running_sums<double>(along(g.shape(), axis), Direction::backward, g.data<T>(),
                         dx.mutable_data<T>(), mode);
  });
}

namespace {

// out[k] = g times all x[j], j != k.
template <class T>
void products_of_others(const ReducedSizes& sizes, const T* x, const T* g, T* out) {
  const auto [outer, n, inner] = sizes;
  for_each_run(sizes, [=, n = n, inner = inner](std::int64_t first, std::int64_t columns,
                                                std::int64_t result) PLUMB_INLINE {
    T product[tile_width];
    for (std::int64_t i = 0; i < columns; ++i) product[i] = 1;
    for (std::int64_t k = 0; k < n; ++k) {
      const T* from = x + first + k * inner;
      T* to = out + first + k * inner;
#pragma omp simd
      for (std::int64_t i = 0; i < columns; ++i) {
        to[i] = product[i];
        product[i] *= from[i];
      }
    }
    for (std::int64_t i = 0; i < columns; ++i) product[i] = g[result + i];
    for (std::int64_t k = n - 1; k >= 0; --k) {
      const T* from = x + first + k * inner;
      T* to = out + first + k * inner;
#pragma omp simd
      for (std::int64_t i = 0; i < columns; ++i) {
        to[i] *= product[i];
        product[i] *= from[i];
      }
    }
  });
}

// The permutation that takes `order` back.
Axes inverse(const Axes& order) {
  Axes result = order;
  for (int i = 0; i < order.size(); ++i) result[order[i]] = i;
  return result;
}

}  // namespace

void product_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Axes& axes) {
  dispatch_floating("prod", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Arranged arranged(x, ReducedAxes("prod", axes, x.rank()));
    Tensor found = Tensor::empty(arranged.x.shape(), x.dtype());
    products_of_others(arranged.sizes, arranged.x.data<T>(), g.data<T>(), found.mutable_data<T>());
    if (arranged.order.size() > 0) found = permuted(found, inverse(arranged.order));
    pass_into(dx, mode, found);
  });
}

}  // namespace plumb::kernel
