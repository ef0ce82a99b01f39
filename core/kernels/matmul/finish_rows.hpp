// The end of products whose sums were first stored aside.
#pragma once

#include "../../simd/block.hpp"
#include "gemm.hpp"

namespace plumb::kernel {

/// Where a product goes, or a part of one: rows `stride` apart, and what is added.
template <class T>
struct Target {
  T* c;
  std::int64_t stride;
  Write mode;
  const T* bias;
};

/// c = or += sum + bias, then the activation, of `lanes` elements at a time and what is left of half as
/// many: a row may be one short panel.
template <class T, int lanes>
PLUMB_INLINE inline void finish_row(std::int64_t n, const T* sum, const T* bias, Write mode,
                                    Activation activation, T* c) {
  std::int64_t j = 0;
  for (; j + lanes <= n; j += lanes) {
    Vector<T, lanes> value, other;
    load(value, sum + j);
    if (bias != nullptr) {
      load(other, bias + j);
      value += other;
    }
    if (mode == Write::accumulate) {
      load(other, c + j);
      value += other;
    }
    if (activation == Activation::relu) value = value <= 0 ? Vector<T, lanes>{} : value;
    store(c + j, value);
  }
  if constexpr (lanes > 1)
    if (j < n)
      finish_row<T, lanes / 2>(n - j, sum + j, bias == nullptr ? nullptr : bias + j, mode,
                               activation, c + j);
}

/// The same for rows of sums that are `width` elements apart, in a function of its own.
template <class T, int bytes>
PLUMB_INLINE inline void finish_rows(std::int64_t rows, std::int64_t columns, const T* sums,
                                     std::int64_t width, Activation activation,
                                     const Target<T>& to) {
  apart<bytes>([=]() PLUMB_INLINE {
    for (std::int64_t r = 0; r < rows; ++r)
      finish_row<T, LanesOf<T, bytes>::value>(columns, sums + r * width, to.bias, to.mode,
                                              activation, to.c + r * to.stride);
  });
}

}  // namespace plumb::kernel
