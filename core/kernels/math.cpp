#include "math.hpp"

#include <cmath>
#include <limits>

#include "../simd/loops.hpp"
#include "../simd/vector_math.hpp"

namespace plumb::kernel {
namespace {

constexpr double sqrt_half = 0.7071067811865476;         // 1 / sqrt(2)
constexpr double two_over_sqrt_pi = 1.1283791670955126;  // 2 / sqrt(pi)
constexpr double inv_sqrt_two_pi = 0.3989422804014327;   // 1 / sqrt(2 pi)
constexpr double sqrt_two_over_pi = 0.7978845608028654;  // sqrt(2 / pi)
constexpr double gelu_cubic = 0.044715;                  // Hendrycks & Gimpel 2016, section 2

// The argument of the tanh in the approximated GELU.
template <class T>
PLUMB_INLINE inline T gelu_inner(T x) {
  return T(sqrt_two_over_pi) * (x + T(gelu_cubic) * x * x * x);
}

// x, or the lowest finite number for -infinity: a factor that has become 0 then wins, as in the
// limit. NaN stays.
template <class T>
PLUMB_INLINE inline T finite_below(T x) {
  constexpr T least = std::numeric_limits<T>::lowest();
  return x < least ? least : x;
}

}  // namespace

Tensor exp(const Tensor& x) {
  return map(
      "exp", [](auto x) PLUMB_INLINE { return vector_math::exp(x); }, x);
}

Tensor log(const Tensor& x) {
  return map(
      "log", [](auto x) PLUMB_INLINE { return vector_math::log(x); }, x);
}

void log_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x) {
  map_into(
      dx, mode, [](auto g, auto x) PLUMB_INLINE { return g / x; }, g, x);
}

Tensor sqrt(const Tensor& x) {
  return map(
      "sqrt", [](auto x) PLUMB_INLINE { return std::sqrt(x); }, x);
}

void sqrt_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y) {
  map_into(
      dx, mode, [](auto g, auto y) PLUMB_INLINE { return g / (2 * y); }, g, y);
}

Tensor abs(const Tensor& x) {
  return map(
      "abs", [](auto x) PLUMB_INLINE { return std::abs(x); }, x);
}

void abs_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x) {
  map_into(
      dx, mode, [](auto g, auto x) PLUMB_INLINE { return x > 0   ? g
                                                         : x < 0 ? -g
                                                                 : x * g; }, g, x);
}

Tensor erf(const Tensor& x) {
  return map(
      "erf", [](auto x) PLUMB_INLINE { return vector_math::erf(x); }, x);
}

void erf_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x) {
  map_into(
      dx, mode,
      [](auto g, auto x)
          PLUMB_INLINE { return g * decltype(x)(two_over_sqrt_pi) * vector_math::exp(-x * x); },
      g, x);
}

Tensor clamp(const Tensor& x, double low, double high) {
  return map(
      "clamp",
      [=](auto x) PLUMB_INLINE {
        using T = decltype(x);
        return x < T(low) ? T(low) : x > T(high) ? T(high) : x;
      },
      x);
}

void clamp_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, double low, double high) {
  map_into(
      dx, mode,
      [=](auto g, auto x) PLUMB_INLINE {
        using T = decltype(x);
        return x >= T(low) && x <= T(high) ? g : T(0);
      },
      g, x);
}

Tensor tanh(const Tensor& x) {
  return map(
      "tanh", [](auto x) PLUMB_INLINE { return vector_math::tanh(x); }, x);
}

void tanh_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y) {
  map_into(
      dx, mode, [](auto g, auto y) PLUMB_INLINE { return g * (1 - y * y); }, g, y);
}

Tensor sigmoid(const Tensor& x) {
  return map(
      "sigmoid", [](auto x) PLUMB_INLINE { return vector_math::logistic(x); }, x);
}

void sigmoid_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y) {
  map_into(
      dx, mode, [](auto g, auto y) PLUMB_INLINE { return g * y * (1 - y); }, g, y);
}

Tensor relu(const Tensor& x) {
  // -0 becomes 0: the largest of some elements, cut off, has the bits of the largest of them cut
  // off.
  return map(
      "relu", [](auto x) PLUMB_INLINE { return x <= 0 ? decltype(x)(0) : x; }, x);
}

void relu_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y) {
  // y <= 0 is false for NaN, whose gradient passes.
  map_into(
      dx, mode, [](auto g, auto y) PLUMB_INLINE { return y <= 0 ? decltype(y)(0) : g; }, g, y);
}

Tensor leaky_relu(const Tensor& x, double slope) {
  if (slope == 0)
    return map(
        "leaky_relu", [](auto x) PLUMB_INLINE { return x < 0 ? 0 * finite_below(x) : x; }, x);
  return map(
      "leaky_relu", [slope](auto x) PLUMB_INLINE { return x < 0 ? decltype(x)(slope) * x : x; }, x);
}

void leaky_relu_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, double slope) {
  map_into(
      dx, mode, [slope](auto g, auto x) PLUMB_INLINE { return x > 0 ? g : decltype(x)(slope) * g; },
      g, x);
}

Tensor elu(const Tensor& x, double alpha) {
  return map(
      "elu",
      [alpha](auto x) PLUMB_INLINE {
        const auto below = decltype(x)(alpha) * vector_math::expm1_of_negative(x);
        return x > 0 ? x : below;
      },
      x);
}

void elu_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, double alpha) {
  map_into(
      dx, mode,
      [alpha](auto g, auto x) PLUMB_INLINE {
        const auto below = g * decltype(x)(alpha) * vector_math::exp(x);
        return x > 0 ? g : below;
      },
      g, x);
}

Tensor gelu(const Tensor& x) {
  return map(
      "gelu",
      [](auto x) PLUMB_INLINE {
        using T = decltype(x);
        return T(0.5) * finite_below(x) * (T(1) + vector_math::erf(x * T(sqrt_half)));
      },
      x);
}

Tensor gelu_with_slope(const Tensor& x, Tensor& slope) {
  return dispatch_floating("gelu", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor y = Tensor::empty(x.shape(), x.dtype());
    const T* from = x.data<T>();
    T *to = y.mutable_data<T>(), *slopes = slope.mutable_data<T>();
    parallel_for(x.numel(), grain, [=](std::int64_t begin, std::int64_t end) {
      on_best_isa([=]() PLUMB_INLINE {
#pragma omp simd
        for (std::int64_t i = begin; i < end; ++i) {
          const T x = from[i], twice = T(1) + vector_math::erf(x * T(sqrt_half));
          const T density = T(inv_sqrt_two_pi) * vector_math::exp(T(-0.5) * x * x);
          to[i] = T(0.5) * finite_below(x) * twice;
          slopes[i] = T(0.5) * twice + vector_math::product_or_0(density, x);
        }
      });
    });
    return y;
  });
}

void slope_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& slope) {
  map_into(
      dx, mode, [](auto g, auto slope) PLUMB_INLINE { return g * slope; }, g, slope);
}

Tensor gelu_tanh(const Tensor& x) {
  return map(
      "gelu",
      [](auto x) PLUMB_INLINE {
        using T = decltype(x);
        return T(0.5) * finite_below(x) * (T(1) + vector_math::tanh(gelu_inner(x)));
      },
      x);
}

void gelu_tanh_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x) {
  map_into(
      dx, mode,
      [](auto g, auto x) PLUMB_INLINE {
        using T = decltype(x);
        const T t = vector_math::tanh(gelu_inner(x));
        const T slope = T(sqrt_two_over_pi) * (T(1) + T(3 * gelu_cubic) * x * x);
        const T rest = T(1) - t * t, bend = x * rest * slope;
        return g * T(0.5) * (T(1) + t + (rest == 0 ? T(0) : bend));
      },
      g, x);
}

Tensor silu(const Tensor& x) {
  return map(
      "silu", [](auto x) PLUMB_INLINE { return finite_below(x) * vector_math::logistic(x); }, x);
}

void silu_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x) {
  map_into(
      dx, mode,
      [](auto g, auto x) PLUMB_INLINE {
        const auto s = vector_math::logistic(x);
        return g * s * (1 + vector_math::product_or_0(1 - s, finite_below(x)));
      },
      g, x);
}

Tensor softplus(const Tensor& x, double beta, double threshold) {
  return map(
      "softplus",
      [=](auto x) PLUMB_INLINE {
        using T = decltype(x);
        const T scaled = x * T(beta);
        const T whole = (scaled < 0 ? T(0) : scaled) + vector_math::softplus_rest(scaled);
        return scaled > T(threshold) ? x : whole / T(beta);
      },
      x);
}

void softplus_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, double beta,
                   double threshold) {
  map_into(
      dx, mode,
      [=](auto g, auto x) PLUMB_INLINE {
        using T = decltype(x);
        const T scaled = x * T(beta);
        return scaled > T(threshold) ? g : g * vector_math::logistic(scaled);
      },
      g, x);
}

}  // namespace plumb::kernel
