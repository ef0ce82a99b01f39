// Center: what float32 elements are taken relative to without losing digits.
#pragma once

#include <cmath>
#include <limits>

#include "../../simd/isa.hpp"

namespace plumb::kernel {

/// A mean as two numbers of type T: x - high is exact for x near the mean, so that x - mean has all
/// its digits even where it is small beside both.
template <class T>
struct Center {
  explicit Center(double mean)
      : high(static_cast<T>(mean)), low(static_cast<T>(mean - static_cast<double>(high))) {}
  T high, low;

  PLUMB_INLINE T distance(T x) const { return (x - high) - low; }
};

/// Whether a factor of x - mean that goes with the cube of an inverse deviation can be used as one
/// number of type T: of elements of 1e23, or of 1e-23 with an eps of 0, it lies beyond T's range, and
/// x - mean has to be scaled first.
template <class T>
bool fits_cubed(double factor, double inverse) {
  const auto normal = [](double x, double least, double most) {
    return std::abs(x) >= least && std::abs(x) <= most;
  };
  using Double = std::numeric_limits<double>;
  using Limits = std::numeric_limits<T>;
  if (inverse == 0 || !std::isfinite(inverse)) return true;  // nothing is to be saved
  if (!normal(inverse * inverse * inverse, Double::min(), Double::max())) return false;
  return factor == 0 || std::isnan(factor) ||
         normal(factor, static_cast<double>(Limits::min()), static_cast<double>(Limits::max()));
}

}  // namespace plumb::kernel
