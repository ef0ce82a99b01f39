// AdamW: Adam whose weight decay shrinks the weights directly.
#pragma once

#include "adam.hpp"

namespace plumb::optim {

/// Options of AdamW, for each group.
struct AdamWOptions {
  double lr = 0.001;           ///< Learning rate: [0, inf).
  double beta1 = 0.9;          ///< How much of the first moment stays each step: [0, 1).
  double beta2 = 0.999;        ///< How much of the second moment stays each step: [0, 1).
  double eps = 1e-8;           ///< Added to the root: [0, inf). 0 makes NaN of gradients always 0.
  double weight_decay = 0.01;  ///< Decoupled: p shrinks by lr * weight_decay * p: [0, inf).
  bool amsgrad = false;        ///< Divide by the largest second moment so far.
  bool maximize = false;       ///< Go up instead of down.

  static constexpr bool decouples_decay = true;
  static const Fields<AdamWOptions>& fields();
  static StateNames state();
};

/// AdamW (Loshchilov & Hutter 2019, algorithm 2): Adam of the gradient alone, after
///
///   p = p - lr weight_decay p                  decoupled; times lr, so it follows schedules
///
/// This is torch.optim.AdamW (1.13). The paper multiplies the decay by the schedule alone and not
/// by the lr that it scales.
using AdamW = BasicAdam<AdamWOptions>;

extern template class BasicAdam<AdamWOptions>;

}  // namespace plumb::optim
