// Elementwise loops over tensors whose shapes are broadcast to one, and the way back.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "../simd/loops.hpp"
#include "reduce.hpp"

namespace plumb::kernel {

/// How N contiguous inputs are walked along a broadcast shape: axes that all walk in one stride are
/// merged, so that the last axis is long and each input's stride along it is 1 or 0.
template <int N>
struct Walk {
  int rank = 0;
  std::int64_t sizes[Shape::max_rank] = {};
  std::int64_t strides[N][Shape::max_rank] = {};

  Walk(const Shape& out, const std::array<const Shape*, N>& in) {
    std::int64_t next[N];  // stride of the axis to the left, in elements
    for (std::int64_t& stride : next) stride = 1;
    // From the right; the axes are first gathered innermost first.
    for (int axis = out.rank() - 1; axis >= 0; --axis) {
      const std::int64_t size = out[axis];
      std::int64_t stride[N];
      for (int k = 0; k < N; ++k) {
        const int own = axis - (out.rank() - in[k]->rank());
        const std::int64_t extent = own < 0 ? 1 : (*in[k])[own];
        stride[k] = extent == 1 ? 0 : next[k];
        next[k] *= extent;
      }
      if (size == 1) continue;
      bool merges = rank > 0;
      for (int k = 0; k < N && merges; ++k)
        merges = stride[k] == strides[k][rank - 1] * sizes[rank - 1];
      if (merges) {
        sizes[rank - 1] *= size;
        continue;
      }
      for (int k = 0; k < N; ++k) strides[k][rank] = stride[k];
      sizes[rank++] = size;
    }
    if (rank == 0) sizes[rank++] = 1;
  }
};

namespace detail {

// An input along the innermost axis: a run of elements, or one that is repeated.
template <class T>
struct Stream {
  const T* data;
  T operator[](std::int64_t i) const { return data[i]; }
};
template <class T>
struct Repeat {
  T value;
  T operator[](std::int64_t) const { return value; }
};

// A row of up to two inputs, compiled for each way in which they run or are repeated.
template <class Out, class T, int N, class F, class... Lanes>
void row(std::int64_t n, Out* out, F f, const std::array<const T*, N>& in,
         const std::array<bool, N>& repeats, Lanes... lanes) {
  constexpr int chosen = sizeof...(Lanes);
  if constexpr (chosen == N) {
    on_best_isa([=]() PLUMB_INLINE {
#pragma omp simd
      for (std::int64_t i = 0; i < n; ++i) out[i] = f(lanes[i]...);
    });
  } else if (repeats[chosen]) {
    row<Out, T, N>(n, out, f, in, repeats, lanes..., Repeat<T>{*in[chosen]});
  } else {
    row<Out, T, N>(n, out, f, in, repeats, lanes..., Stream<T>{in[chosen]});
  }
}

// A row of more inputs: compiled once, what is repeated being written out for a strip of it.
template <class Out, class T, int N, class F, std::size_t... K>
void strips(std::int64_t n, Out* out, F f, const std::array<const T*, N>& in,
            const std::array<bool, N>& repeats, std::index_sequence<K...>) {
  constexpr std::int64_t most = 512;
  T repeated[N][most];
  for (int k = 0; k < N; ++k)
    if (repeats[k]) std::fill_n(repeated[k], n < most ? n : most, *in[k]);
  for (std::int64_t start = 0; start < n; start += most) {
    const std::int64_t count = n - start < most ? n - start : most;
    const T* const at[N] = {(repeats[K] ? repeated[K] : in[K] + start)...};
    on_best_isa([=]() PLUMB_INLINE {
#pragma omp simd
      for (std::int64_t i = 0; i < count; ++i) out[start + i] = f(at[K][i]...);
    });
  }
}

}  // namespace detail

/// out = f(in...), each input broadcast to `shape`, whose elements `out` holds. Types T of in and
/// Out may differ.
template <class T, class Out, class F, class... In>
void broadcast_loop(const Shape& shape, Out* out, F f, const In&... in) {
  constexpr int count = sizeof...(In);
  const std::int64_t n = shape.numel();
  if (n == 0) return;
  const Walk<count> walk(shape, {&in.shape()...});
  const std::array<const T*, count> data = {in.template data<T>()...};
  const std::int64_t length = walk.sizes[0];
  std::array<bool, count> repeats;
  for (int k = 0; k < count; ++k) repeats[k] = walk.strides[k][0] == 0;
  // A long row is cut, short rows are taken several at a time.
  const std::int64_t piece = length < grain ? length : grain;
  const std::int64_t pieces = (length + piece - 1) / piece;
  const std::int64_t rows_at_once = length < grain ? grain / length : 1;
  parallel_for(n / length * pieces, rows_at_once, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t start = task % pieces * piece;
      const std::int64_t stop = start + piece < length ? start + piece : length;
      std::int64_t rest = task / pieces;
      std::array<const T*, count> at = data;
      Out* to = out + rest * length + start;
      for (int axis = 1; axis < walk.rank; ++axis) {
        const std::int64_t index = rest % walk.sizes[axis];
        rest /= walk.sizes[axis];
        for (int k = 0; k < count; ++k) at[k] += index * walk.strides[k][axis];
      }
      for (int k = 0; k < count; ++k)
        if (!repeats[k]) at[k] += start;
      if constexpr (count <= 2) {
        detail::row<Out, T, count>(stop - start, to, f, at, repeats);
      } else {
        detail::strips<Out, T, count>(stop - start, to, f, at, repeats,
                                      std::make_index_sequence<count>());
      }
    }
  });
}

/// A new tensor f(a, b) of element type T, broadcast.
template <class T, class F>
Tensor zip_as(std::string_view operation, F f, const Tensor& a, const Tensor& b) {
  check_same_dtype(operation, a, b);
  if (a.shape() == b.shape()) {
    Tensor y = Tensor::empty(a.shape(), a.dtype());
    loop(y.numel(), y.mutable_data<T>(), Write::overwrite, f, a.data<T>(), b.data<T>());
    return y;
  }
  Tensor y = Tensor::empty(broadcast(operation, a.shape(), b.shape()), a.dtype());
  broadcast_loop<T>(y.shape(), y.mutable_data<T>(), f, a, b);
  return y;
}

/// A new tensor f(a, b), broadcast; f is a generic lambda on float and double.
template <class F>
Tensor zip(std::string_view operation, F f, const Tensor& a, const Tensor& b) {
  return dispatch_floating(operation, a.dtype(), [&](auto tag) {
    return zip_as<typename decltype(tag)::type>(operation, f, a, b);
  });
}

/// dx = or += f(g, in...), where all broadcast to the shape of g, summed over the axes along which
/// dx was stretched: the backward of a broadcasting operation.
template <class F, class... In>
void zip_into(Tensor& dx, Write mode, F f, const Tensor& g, const In&... in) {
  const Shape& full = g.shape();
  if (dx.shape() == full && ((in.shape() == full) && ...)) return map_into(dx, mode, f, g, in...);
  dispatch_floating("zip_into", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (dx.shape() == full && mode == Write::overwrite)
      return broadcast_loop<T>(full, dx.mutable_data<T>(), f, g, in...);
    Tensor whole = Tensor::empty(full, dx.dtype());
    broadcast_loop<T>(full, whole.mutable_data<T>(), f, g, in...);
    sum_to(whole, dx, mode);
  });
}

}  // namespace plumb::kernel
