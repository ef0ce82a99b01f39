// Center: what float32 elements are taken relative to without losing digits.
#pragma once

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

}  // namespace plumb::kernel
