// LAMB: Adam whose step on each tensor is as long as the tensor's own norm says, for large batches.
#pragma once

#include <vector>

#include "rule.hpp"

namespace plumb::optim {

/// Options of LAMB, for each group.
struct LAMBOptions {
  double lr = 0.001;           ///< Learning rate: [0, inf).
  double beta1 = 0.9;          ///< How much of the first moment stays each step: [0, 1).
  double beta2 = 0.999;        ///< How much of the second moment stays each step: [0, 1).
  double eps = 1e-6;           ///< Added to the root: [0, inf). 0 makes NaN of gradients always 0.
  double weight_decay = 0.01;  ///< weight_decay * p is added to the step before its norm: [0, inf).
  bool adapt = true;           ///< The step is as long as lr times the parameter; off for biases.

  static const Fields<LAMBOptions>& fields();
  static StateNames state();
};

/// LAMB (You et al. 2020, algorithm 2). For every parameter p that has a gradient g, t = 1, 2, ...,
/// counted for each parameter, once a step:
///
///   m = beta1 m + (1 - beta1) g,               m = 0 before t = 1
///   v = beta2 v + (1 - beta2) g^2,             v = 0 before t = 1
///   u = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay p
///   r = adapt ? |p| / |u| : 1                  1 also where one of the norms is 0
///   p = p - lr r u
///
/// Norms are Euclidean, over the whole tensor, in double. With adapt, lr is the share of its length
/// by which each tensor moves, and the decay only turns u: it is neither coupled nor AdamW's. Biases
/// and what normalization layers learn are left out by most programs: a group of theirs with adapt
/// off and weight_decay 0.
///
/// The paper bounds |p| by a function that its experiments leave out, as here; some programs take at
/// most 10. NVIDIA's program clips the norm of all gradients to 1 first: clip_grad_norm. For batches
/// of thousands; with small ones AdamW needs less tuning. Where a beta changes on the way, its power
/// is the product of all so far.
class LAMB : public Rule<LAMBOptions> {
 public:
  using Rule::Rule;

 private:
  void update(std::vector<Update>& updates) override;
};

}  // namespace plumb::optim
