#include "elementary.hpp"

#include <cmath>
#include <limits>

#include "../simd/loops.hpp"
#include "../simd/sine.hpp"
#include "../simd/vector_math.hpp"

// Without fused multiply-adds (CMakeLists.txt): a processor that has none computes the same.

namespace plumb::kernel {
namespace {

// y = f(x) by vectors, and `beyond` where |x| is too large for them.
template <class F, class Beyond>
Tensor of_angle(const char* operation, const Tensor& x, F f, Beyond beyond) {
  return dispatch_floating(operation, x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor y = Tensor::empty(x.shape(), x.dtype());
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    parallel_for(x.numel(), grain, [=](std::int64_t begin, std::int64_t end) {
      constexpr T largest = vector_math::largest_angle<T>, most = std::numeric_limits<T>::max();
      T far = 0;  // as many as are beyond: there are seldom any
      on_best_isa([=, &far]() PLUMB_INLINE {
        store_run(end - begin, to + begin, Write::overwrite,
                  [=](std::int64_t i) PLUMB_INLINE { return f(from[begin + i]); });
        T count = 0;
#pragma omp simd reduction(+ : count)
        for (std::int64_t i = begin; i < end; ++i)
          count += std::abs(from[i]) > largest ? T(1) : T(0);
        far = count;
      });
      for (std::int64_t i = begin; i < end && far > 0; ++i)
        if (std::abs(from[i]) > largest && std::abs(from[i]) <= most) to[i] = beyond(from[i]);
    });
    return y;
  });
}

void product_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& slope) {
  map_into(
      dx, mode, [](auto g, auto slope) PLUMB_INLINE { return g * slope; }, g, slope);
}

}  // namespace

Tensor sin(const Tensor& x) {
  return of_angle(
      "sin", x, [](auto x) PLUMB_INLINE { return vector_math::sine(x); },
      [](auto x) { return vector_math::sine_beyond(x); });
}

void sin_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x) {
  product_into(dx, mode, g, cos(x));
}

Tensor cos(const Tensor& x) {
  return of_angle(
      "cos", x, [](auto x) PLUMB_INLINE { return vector_math::cosine(x); },
      [](auto x) { return vector_math::cosine_beyond(x); });
}

void cos_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x) {
  const Tensor sine = sin(x);
  map_into(
      dx, mode, [](auto g, auto sine) PLUMB_INLINE { return g * -sine; }, g, sine);
}

Tensor log1p(const Tensor& x) {
  return map(
      "log1p", [](auto x) PLUMB_INLINE { return vector_math::log1p(x); }, x);
}

void log1p_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x) {
  map_into(
      dx, mode, [](auto g, auto x) PLUMB_INLINE { return g / (1 + x); }, g, x);
}

Tensor expm1(const Tensor& x) {
  return map(
      "expm1", [](auto x) PLUMB_INLINE { return vector_math::expm1(x); }, x);
}

// From x: y + 1 would have lost the digits where y is near -1.
void expm1_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x) {
  map_into(
      dx, mode, [](auto g, auto x) PLUMB_INLINE { return g * vector_math::exp(x); }, g, x);
}

}  // namespace plumb::kernel
