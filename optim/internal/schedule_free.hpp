// What the schedule-free rules have in common: the weight of a step in the average, and that average.
#pragma once

#include "../../core/simd/loops.hpp"

namespace plumb::optim {

/// The share c of a step's z in the average x; `weight_sum` is the sum of all lr^2, with this step's.
inline double share_of_step(double lr, double weight_sum) {
  return weight_sum == 0 ? 0 : lr * lr / weight_sum;
}

/// x of y = (1 - beta) z + beta x; beta above 0.
inline Tensor averaged_weights(const Tensor& y, const Tensor& z, double beta) {
  Tensor x = Tensor::empty(y.shape(), y.dtype());
  kernel::map_into(
      x, Write::overwrite,
      [=](auto y, auto z) PLUMB_INLINE { return y + decltype(y)(1 - 1 / beta) * (z - y); }, y, z);
  return x;
}

}  // namespace plumb::optim
