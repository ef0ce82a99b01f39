// AdEMAMix: Adam with a second, slow first moment.
#pragma once

#include <cstdint>
#include <vector>

#include "rule.hpp"

namespace plumb::optim {

/// Options of AdEMAMix, for each group.
struct AdEMAMixOptions {
  double lr = 0.001;              ///< Learning rate: [0, inf).
  double beta1 = 0.9;             ///< How much of the fast first moment stays each step: [0, 1).
  double beta2 = 0.999;           ///< How much of the second moment stays each step: [0, 1).
  double beta3 = 0.9999;          ///< How much of the slow first moment stays each step: [0, 1).
  double alpha = 5;               ///< How much the slow moment counts: [0, inf). 0: AdamW.
  double eps = 1e-8;              ///< Added to the root: [0, inf). 0: NaN of gradients always 0.
  double weight_decay = 0;        ///< Decoupled: p shrinks by lr * weight_decay * p: [0, inf).
  std::int64_t alpha_warmup = 0;  ///< Steps in which alpha rises from 0: [0, inf).
  std::int64_t beta3_warmup = 0;  ///< Steps in which beta3 rises from beta1: [0, inf).

  static const Fields<AdEMAMixOptions>& fields();
  static StateNames state();
};

/// AdEMAMix (Pagliardini et al. 2024, algorithm 1). For every parameter p that has a gradient,
/// t = 1, 2, ..., counted for each parameter, once a step:
///
///   a = alpha min(t / alpha_warmup, 1)
///   b = t < beta3_warmup ? exp(1 / ((1 - s) / ln beta1 + s / ln beta3)) : beta3
///                                              s = t / beta3_warmup: half-lives grow evenly
///   m = beta1 m + (1 - beta1) g,               m = 0 before t = 1
///   n = b n + (1 - b) g,                       n = 0 before t = 1; never corrected for that
///   v = beta2 v + (1 - beta2) g^2,             v = 0 before t = 1
///   p = p - lr ((m / (1 - beta1^t) + a n) / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay p)
///
/// Decay is decoupled and times lr. The slow moment remembers some 10,000 steps and makes short runs
/// worse. The paper lets both warm-ups last as long as the run: without them alpha = 5 is large at
/// first. It takes alpha from 4 to 10; the authors' program has 2. Where a beta changes on the way,
/// its power is the product of all so far.
class AdEMAMix : public Rule<AdEMAMixOptions> {
 public:
  using Rule::Rule;

 private:
  void update(std::vector<Update>& updates) override;
};

}  // namespace plumb::optim
