// Prodigy: Adam that finds the size of its steps by how far the weights have come.
#pragma once

#include <vector>

#include "rule.hpp"

namespace plumb::optim {

/// Options of Prodigy, for each group. d0 and d_coef are those of the first group that takes
/// part in a step.
struct ProdigyOptions {
  double lr = 1;                 ///< Times the distance that is found: [0, inf). A schedule's part.
  double beta1 = 0.9;            ///< How much of the first moment stays each step: [0, 1).
  double beta2 = 0.999;          ///< How much of the second moment stays each step: (0, 1).
  double eps = 1e-8;             ///< Times d, added to the root: [0, inf).
  double weight_decay = 0;       ///< Decoupled: p shrinks by d * lr * weight_decay * p: [0, inf).
  double d0 = 1e-6;              ///< Where the distance begins: (0, inf).
  double d_coef = 1;             ///< Times every estimate of the distance: [0, inf).
  bool bias_correction = false;  ///< lr times sqrt(1 - beta2^t) / (1 - beta1^t).
  bool safeguard_warmup = false;  ///< Leave lr out of the denominator: for long warm-ups.

  static const Fields<ProdigyOptions>& fields();
  static StateNames state();
};

/// Prodigy (Mishchenko & Defazio 2023, algorithm 4, as the authors' program has it). One distance d,
/// d0 at the start, is estimated from all parameters of a step together; those that were frozen meanwhile
/// go on from the latest that any of them has. For each that has a
/// gradient g, t = 1, 2, ..., with p0 the value before its first step and b = sqrt(beta2):
///
///   m = beta1 m + d (1 - beta1) g,             m = 0 before t = 1
///   v = beta2 v + d^2 (1 - beta2) g^2,         v = 0 before t = 1
///   s = b s + d / d0 (safeguard_warmup ? d : d lr) g,               s = 0 before t = 1
///   r = b r + the sum of d / d0 d lr g (p0 - p) over all elements,  r = 0 before the first step
///   e = d_coef r / the sum of |s| over all elements
///   d' = max(d, e)                             it never falls
///   p = p - d lr (m / (sqrt(v) + d' eps) + weight_decay p)
///   d = d'
///
/// Decay is decoupled, times d and lr. lr 1 is meant to stay: a schedule, best cosine, gives the
/// rest. Sums are in double, with the same bits for any number of threads. The program's bound on
/// the growth of d is left out.
class Prodigy : public Rule<ProdigyOptions> {
 public:
  using Rule::Rule;
  /// The distance that was found so far; d0 before the first step.
  double distance() const;

 private:
  void update(std::vector<Update>& updates) override;
};

}  // namespace plumb::optim
