#include "norm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../simd/vector_math.hpp"
#include "broadcast.hpp"
#include "reduce_loops.hpp"

// Without fused multiply-adds (CMakeLists.txt): a processor that has none computes the same.

namespace plumb::kernel {
namespace {

// The power of two at or below a magnitude, by which numbers up to it are divided without an error;
// 1 for infinity and NaN.
template <class T>
PLUMB_INLINE inline T scale_of(T x) {
  using Limits = std::numeric_limits<T>;
  using vector_math::detail::bits;
  const T power = vector_math::detail::from_bits(bits(x) & bits(Limits::infinity()));
  const T normal = x < Limits::min() ? Limits::min() : power;
  return x < Limits::infinity() ? normal : T(1);
}

// NaN stays.
template <class T>
PLUMB_INLINE inline T sign_of(T x) {
  const T below = x < 0 ? T(-1) : x;
  return x > 0 ? T(1) : below;
}

// A type and not a lambda for each place, so that a reduction over it is compiled once.
struct Magnitude {
  template <class T>
  PLUMB_INLINE T operator()(T value, std::int64_t) const {
    return std::abs(value);
  }
};

// to = finish(sum of f(x / scale), scale), with a scale for each result from the largest |x|.
template <class T, class Scale, class F, class Finish>
void scaled_sums(const Arranged& arranged, std::int64_t results, T* to, Scale scale_of, F f,
                 Finish finish) {
  Tensor scales = Tensor::empty({results}, dtype_of<T>);
  const T* from = arranged.x.data<T>();
  T* scale = scales.mutable_data<T>();
  reduce<Larger>(arranged.sizes, from, Magnitude(), scale);
  loop(results, scale, Write::overwrite, scale_of, scale);
  reduce<Plus>(
      arranged.sizes, from,
      [scale, f](T value, std::int64_t at) PLUMB_INLINE { return f(value / scale[at]); }, to);
  loop(results, to, Write::overwrite, finish, to, scale);
}

template <class T>
void euclidean(const Arranged& arranged, std::int64_t results, T* to) {
  scaled_sums(
      arranged, results, to, [](T most) PLUMB_INLINE { return scale_of(most); },
      [](T part) PLUMB_INLINE { return part * part; },
      [](T sum, T scale) PLUMB_INLINE { return std::sqrt(sum) * scale; });
}

template <class T>
void of_powers(const Arranged& arranged, std::int64_t results, T* to, T p) {
  scaled_sums(
      arranged, results, to,
      // The largest itself, for 2^p may overflow; but nothing is divided by 0 or infinity.
      [](T most) { return most > 0 && most <= std::numeric_limits<T>::max() ? most : T(1); },
      [p](T part) { return std::pow(std::abs(part), p); },
      [p](T sum, T scale) { return std::pow(sum, 1 / p) * scale; });
}

}  // namespace

Tensor norm(const Tensor& x, const Axes& axes, KeepDims keep, double p) {
  return dispatch_floating("norm", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor y = Tensor::empty(reduced_shape("norm", x.shape(), axes, keep), x.dtype());
    T* to = y.mutable_data<T>();
    const Arranged arranged(x, ReducedAxes("norm", axes, x.rank()));
    const T* from = arranged.x.data<T>();
    if (p == 2) {
      euclidean(arranged, y.numel(), to);
    } else if (p == 1) {
      reduce<Plus>(arranged.sizes, from, Magnitude(), to);
    } else if (std::isinf(p)) {
      reduce<Larger>(arranged.sizes, from, Magnitude(), to);
      loop(  // of no elements: -infinity
          y.numel(), to, Write::overwrite,
          [](T most) PLUMB_INLINE { return most < 0 ? T(0) : most; }, to);
    } else {
      of_powers(arranged, y.numel(), to, static_cast<T>(p));
    }
    return y;
  });
}

Tensor deviation(const Tensor& x, const Axes& axes, KeepDims keep, std::int64_t correction,
                 Tensor& mean) {
  return dispatch_floating("stddev", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    reduced_shape("stddev", x.shape(), axes, keep);  // names it where the axes are wrong
    mean = kernel::mean(x, axes, KeepDims::yes);
    const Tensor away = zip_as<T>(
        "stddev", [](T x, T mean) PLUMB_INLINE { return x - mean; }, x, mean);
    Tensor y = norm(away, axes, keep);
    const std::int64_t each = y.numel() == 0 ? 1 : x.numel() / y.numel();
    const T root = std::sqrt(static_cast<T>(std::max<std::int64_t>(0, each - correction)));
    loop(
        y.numel(), y.mutable_data<T>(), Write::overwrite,
        [root](T length) PLUMB_INLINE { return length / root; }, y.data<T>());
    return y;
  });
}

namespace {

// g sign(x) / count for those |x| that are y.
void largest_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& y) {
  Tensor share = Tensor::empty(x.shape(), x.dtype()), counts = Tensor::empty(y.shape(), x.dtype());
  zip_into(
      share, Write::overwrite,
      [](auto x, auto y) PLUMB_INLINE {
        using T = decltype(x);
        const T equal = std::abs(x) == y ? T(1) : T(0);
        return x != x ? T(1) : equal;
      },
      x, y);
  sum_to(share, counts, Write::overwrite);
  zip_into(
      dx, mode,
      [](auto x, auto share, auto count, auto g) PLUMB_INLINE {
        using T = decltype(x);
        return share == 0 ? T(0) : sign_of(x) * (g / count);
      },
      x, share, counts, g);
}

}  // namespace

void norm_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& y,
               double p) {
  if (std::isinf(p)) return largest_into(dx, mode, g, x, y);
  if (p == 1)
    return zip_into(
        dx, mode, [](auto x, auto g) PLUMB_INLINE { return g * sign_of(x); }, x, g);
  if (p == 2)
    return zip_into(
        dx, mode,
        [](auto x, auto y, auto g) PLUMB_INLINE { return y == 0 ? decltype(x)(0) : g * (x / y); },
        x, y, g);
  zip_into(
      dx, mode,
      [p](auto x, auto y, auto g) {
        using T = decltype(x);
        return x == 0 ? T(0) : g * sign_of(x) * std::pow(std::abs(x) / y, T(p - 1));
      },
      x, y, g);
}

void deviation_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& mean,
                    const Tensor& y, double factor) {
  zip_into(
      dx, mode,
      [factor](auto x, auto mean, auto y, auto g) PLUMB_INLINE {
        using T = decltype(x);
        return y == 0 ? T(0) : T(factor) * g * ((x - mean) / y);
      },
      x, mean, y, g);
}

}  // namespace plumb::kernel
