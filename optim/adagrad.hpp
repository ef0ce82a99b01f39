// Adagrad: gradients over the root of the sum of all their squares.
#pragma once

#include <vector>

#include "rule.hpp"

namespace plumb::optim {

/// Options of Adagrad, for each group.
struct AdagradOptions {
  double lr = 0.01;         ///< Learning rate: [0, inf).
  double lr_decay = 0;      ///< Divides lr by 1 + (t - 1) lr_decay: [0, inf).
  double eps = 1e-10;       ///< Added to the root: [0, inf). 0 makes NaN of gradients always 0.
  double initial_sum = 0;   ///< Where a parameter's sum begins: [0, inf).
  double weight_decay = 0;  ///< Coupled: weight_decay * p is added to the gradient: [0, inf).
  bool maximize = false;    ///< Go up instead of down.

  static const Fields<AdagradOptions>& fields();
  static StateNames state();
};

/// Adagrad (Duchi, Hazan & Singer 2011, the diagonal form of section 1.1). For every parameter p
/// that has a gradient, t = 1, 2, ..., counted for each parameter, once a step:
///
///   g = maximize ? -gradient : gradient
///   g = g + weight_decay p                     coupled, like L2: it is squared too
///   s = s + g^2,                               s = initial_sum before t = 1
///   p = p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)
///
/// This is torch.optim.Adagrad (1.13), where initial_sum is called initial_accumulator_value.
class Adagrad : public Rule<AdagradOptions> {
 public:
  using Rule::Rule;

 private:
  void update(std::vector<Update>& updates) override;
};

}  // namespace plumb::optim
