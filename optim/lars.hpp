// LARS: SGD whose step on each tensor is measured by the tensor's own norm, for large batches.
#pragma once

#include <vector>

#include "rule.hpp"

namespace plumb::optim {

/// Options of LARS, for each group.
struct LARSOptions {
  double lr = 1;                     ///< Learning rate: [0, inf).
  double momentum = 0.9;             ///< How much of the average stays each step: [0, 1). 0: none.
  double trust_coefficient = 0.001;  ///< The share of its norm by which a tensor moves: [0, inf).
  double weight_decay = 0;           ///< Coupled: weight_decay * p is added to g: [0, inf).
  bool debias = false;               ///< Average (1 - momentum) times as much, and divide by the
                                     ///< sum of the weights, as SGD::debiased does.
  bool adapt = true;                 ///< Measure by the norms; off for biases.

  static const Fields<LARSOptions>& fields();
  static StateNames state();
};

/// LARS (You, Gitman & Ginsburg 2017, algorithm 1). For every parameter p that has a gradient g,
/// t = 1, 2, ..., counted from a parameter's first step with momentum:
///
///   r = adapt ? trust_coefficient |p| / (|g| + weight_decay |p|) : 1
///                                              1 also where |p| or |g| is 0
///   g = r (g + weight_decay p)                 coupled
///   debias off:  a = momentum a + g,  d = a,                        a = 0 before t = 1
///   debias on:   a = momentum a + (1 - momentum) g,  d = a / (1 - momentum^t)
///   p = p - lr d
///
/// Norms are Euclidean, over the whole tensor, in double. The paper has lr inside of the average,
/// where it differs once lr changes; here, as in SGD, it is outside. Some programs take
/// |g + weight_decay p| below. Biases and what normalization layers learn are left out by most
/// programs: a group of theirs with adapt off, weight_decay 0 and an lr of SGD. For batches of
/// thousands. Since r is large where a gradient is small, warm up.
///
/// Heavy ball at lr (1 - momentum) and debiased at lr come to the same after some steps, as in SGD.
class LARS : public Rule<LARSOptions> {
 public:
  using Rule::Rule;

 private:
  void update(std::vector<Update>& updates) override;
};

}  // namespace plumb::optim
