// The rows of a tensor [rows, size], each with numbers of its own, on several threads.
#pragma once

#include <algorithm>

#include "../../simd/loops.hpp"

namespace plumb::kernel {

/// Calls f(bytes, row) for all rows, where vectors have so many bytes; f is a lambda marked
/// PLUMB_INLINE.
template <class F>
void for_each_row(const Tensor& x, std::int64_t rows, F f) {
  if (x.numel() == 0) return;
  const std::int64_t at_once = std::max<std::int64_t>(1, grain / (x.numel() / rows));
  parallel_for(rows, at_once, [&](std::int64_t begin, std::int64_t end) {
    on_best_vectors([=, &f](auto bytes) PLUMB_INLINE {
      for (std::int64_t row = begin; row < end; ++row) f(bytes, row);
    });
  });
}

/// Null where x is undefined.
template <class T>
const T* data_or_null(const Tensor& x) {
  return x.defined() ? x.data<T>() : nullptr;
}

}  // namespace plumb::kernel
