// Elementwise loops over tensors of one shape, compiled for the best instruction set.
#pragma once

#include <string_view>

#include "../runtime/internal/fail.hpp"
#include "../runtime/parallel.hpp"
#include "../tensor/internal/dispatch.hpp"
#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"
#include "isa.hpp"

namespace plumb::kernel {

/// Elements that one thread takes at a time: below, starting a thread costs more than it saves.
inline constexpr std::int64_t grain = std::int64_t{1} << 15;

inline void check_same_dtype(std::string_view operation, const Tensor& a, const Tensor& b) {
  plumb::detail::check_same_dtype(operation, a.dtype(), b.dtype());
}

/// out[i] = or += f(i) for n elements, on one thread, as part of a function that calls it.
template <class T, class F>
PLUMB_INLINE inline void store_run(std::int64_t n, T* out, Write mode, F f) {
  if (mode == Write::overwrite) {
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) out[i] = f(i);
  } else {
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) out[i] += f(i);
  }
}

/// out[i] = or += f(in[i]...), for pointers to n elements each. `out` may be one of `in`.
template <class T, class F, class... In>
void loop(std::int64_t n, T* out, Write mode, F f, const In*... in) {
  parallel_for(n, grain, [=](std::int64_t begin, std::int64_t end) {
    on_best_isa([=]() PLUMB_INLINE {
      store_run(end - begin, out + begin, mode,
                [=](std::int64_t i) PLUMB_INLINE { return f(in[begin + i]...); });
    });
  });
}

/// A new tensor f(x), elementwise; f is a generic lambda on float and double.
template <class F>
Tensor map(std::string_view operation, F f, const Tensor& x) {
  return dispatch_floating(operation, x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor y = Tensor::empty(x.shape(), x.dtype());
    loop(x.numel(), y.mutable_data<T>(), Write::overwrite, f, x.data<T>());
    return y;
  });
}

/// dx = or += f(in...), elementwise, for floating tensors of the shape and dtype of dx.
template <class F, class... In>
void map_into(Tensor& dx, Write mode, F f, const In&... in) {
  dispatch_floating("map_into", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    loop(dx.numel(), dx.mutable_data<T>(), mode, f, in.template data<T>()...);
  });
}

}  // namespace plumb::kernel
