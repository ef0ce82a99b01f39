// Lion: steps of one size, in the direction of the sign of an average of gradients.
#pragma once

#include <vector>

#include "rule.hpp"

namespace plumb::optim {

/// Options of Lion, for each group.
struct LionOptions {
  double lr = 1e-4;         ///< Learning rate: [0, inf).
  double beta1 = 0.9;       ///< How much of a step's direction is the average: [0, 1).
  double beta2 = 0.99;      ///< How much of the average stays each step: [0, 1).
  double weight_decay = 0;  ///< Decoupled: p shrinks by lr * weight_decay * p: [0, inf).
  bool debias = false;      ///< Divide the average by the sum of its weights, 1 - beta2^(t - 1).

  static const Fields<LionOptions>& fields();
  static StateNames state();
};

/// Lion (Chen et al. 2023, algorithm 2). For every parameter p that has a gradient g, t = 1, 2, ...,
/// counted for each parameter:
///
///   u = sign(beta1 m + (1 - beta1) g),         m = 0 before t = 1; sign(0) = 0
///   p = p - lr (u + weight_decay p)            decoupled; times lr, so it follows schedules
///   m = beta2 m + (1 - beta2) g
///
/// With debias, u is the sign of beta1 m / (1 - beta2^(t - 1)) + (1 - beta1) g, for t > 1: the
/// average weighs as much at first as later. That is not in the paper.
///
/// Every element moves by lr: use a third to a tenth of Adam's lr, and 3 to 10 times its decay. The
/// authors' program has these defaults, and shrinks p before it steps, which is the same.
class Lion : public Rule<LionOptions> {
 public:
  using Rule::Rule;

 private:
  void update(std::vector<Update>& updates) override;
};

}  // namespace plumb::optim
