// NAdamW: NAdam whose weight decay shrinks the weights directly.
#pragma once

#include "nadam.hpp"

namespace plumb::optim {

/// Options of NAdamW, for each group.
struct NAdamWOptions {
  double lr = 0.002;           ///< Learning rate: [0, inf).
  double beta1 = 0.9;          ///< How much of the first moment stays each step: [0, 1).
  double beta2 = 0.999;        ///< How much of the second moment stays each step: [0, 1).
  double eps = 1e-8;           ///< Added to the root: [0, inf). 0: NaN of gradients always 0.
  double weight_decay = 0.01;  ///< Decoupled: p shrinks by lr * weight_decay * p: [0, inf).
  double momentum_decay =
      0.004;              ///< How fast the momentum rises to beta1: [0, inf). 0: half of it.
  bool maximize = false;  ///< Go up instead of down.

  static constexpr bool decouples_decay = true;
  static const Fields<NAdamWOptions>& fields();
  static StateNames state();
};

/// NAdamW: NAdam of the gradient alone, after
///
///   p = p - lr weight_decay p                  decoupled; times lr, so it follows schedules
///
/// as in AdamW (Loshchilov & Hutter 2019). This is torch.optim.NAdam of PyTorch 2 with
/// decoupled_weight_decay=True, whose default decay is 0; 0.01 is AdamW's. The NAdamW of AlgoPerf
/// (Dahl et al. 2023) keeps its momentum at beta1 from the first step on and averages with it.
using NAdamW = BasicNAdam<NAdamWOptions>;

extern template class BasicNAdam<NAdamWOptions>;

}  // namespace plumb::optim
