// The gate of accumulate_below: what is near zero in a gradient is kept until it adds up.
#pragma once

#include <cmath>

#include "../simd/isa.hpp"

namespace plumb::kernel {

/// residual += g, for one element. Where |g| or that sum reaches the threshold, one of them is NaN, or it is
/// `due`, all of it goes into g and residual = 0; elsewhere g = 0. Returns whether it went.
template <class T>
PLUMB_INLINE inline bool release(T& residual, T& g, T threshold, bool due = false) {
  const T sum = residual + g;
  const bool releases = !(std::abs(g) < threshold) || !(std::abs(sum) < threshold) || due;
  residual = releases ? T(0) : sum;
  g = releases ? sum : T(0);
  return releases;
}

}  // namespace plumb::kernel
