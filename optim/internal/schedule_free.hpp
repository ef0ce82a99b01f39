// What the schedule-free rules have in common: the weight of a step in the average, and that average.
#pragma once

#include "../../core/simd/loops.hpp"
#include "../optimizer.hpp"

namespace plumb::optim {

/// The share c of a step's z in the average x; `weight_sum` is the sum of all lr^2, with this step's.
inline double share_of_step(double lr, double weight_sum) {
  return weight_sum == 0 ? 0 : lr * lr / weight_sum;
}

/// x of y = (1 - beta) z + beta x, of a parameter whose first tensor is z; beta above 0. Undefined where no
/// step has been taken.
template <class Options>
Tensor averaged_weights(const Optimizer::Group& group, std::size_t index, double Options::*beta) {
  const Tensor& z = group.states[index].tensors[0];
  if (!z.defined()) return {};
  const auto& options = static_cast<const TypedOptions<Options>&>(*group.options).options();
  const Tensor& y = group.parameters[index].variable.value();
  Tensor x = Tensor::empty(y.shape(), y.dtype());
  kernel::map_into(
      x, Write::overwrite,
      [of_z = 1 - 1 / (options.*beta)](auto y, auto z)
          PLUMB_INLINE { return y + decltype(y)(of_z) * (z - y); },
      y, z);
  return x;
}

}  // namespace plumb::optim
