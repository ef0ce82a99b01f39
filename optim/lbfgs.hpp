// LBFGS: a quasi-Newton rule for whole batches, with a line search.
#pragma once

#include <cstdint>
#include <vector>

#include "rule.hpp"

namespace plumb::optim {

/// Options of LBFGS, those of its only group.
struct LBFGSOptions {
  double lr = 1;                   ///< The step that the line search tries first: [0, inf).
  std::int64_t max_iter = 20;      ///< Iterations in a step: [1, inf).
  std::int64_t max_eval = 25;      ///< Calls of the closure after which a step ends: [1, inf).
  double tolerance_grad = 1e-7;    ///< Largest element of a gradient that counts as 0: [0, inf).
  double tolerance_change = 1e-9;  ///< Smallest change of loss or weights that counts: [0, inf).
  std::int64_t history_size = 10;  ///< Pairs that are kept: [1, 1000].

  static const Fields<LBFGSOptions>& fields();
  static StateNames state();
};

/// L-BFGS (Liu & Nocedal 1989) with a line search for the strong Wolfe conditions (Nocedal & Wright
/// 2006, algorithms 7.4, 7.5, 3.5 and 3.6, with cubic interpolation). step(closure) takes up to
/// max_iter iterations, over all parameters together, with pairs s, y of the last steps and changes
/// of gradients, r = 1 / (y s), oldest first:
///
///   q = -g;  newest to oldest:  a = r (s q),  q = q - a y
///   d = q (y s) / (y y) of the newest;  oldest to newest:  d = d + s (a - r (y d))
///   p = p + t d,  t by the search from lr; in the first iteration ever d = -g, and the search begins
///                 at lr min(1, 1 / the sum of |g|)
///   a pair is kept where y s > 1e-10
///
/// It ends early where the gradient is 0 to tolerance_grad, where loss or weights change less than
/// tolerance_change, and after max_eval calls. The loss must be the same for the same weights: full
/// batches, no dropout. step() without a closure throws.
///
/// This is torch.optim.LBFGS with line_search_fn='strong_wolfe', whose history_size is 100 and max_eval
/// max_iter * 5 / 4. Sums and what is kept are in float64 here, in the parameters' dtype there. One
/// group only. A parameter without a gradient counts as one with a gradient of 0. Whatever throws, the
/// closure too, leaves the weights and what is kept as they were before the step.
class LBFGS : public Rule<LBFGSOptions> {
 public:
  using Rule::Rule;

 private:
  void update(std::vector<Update>& updates) override;
  double step_by(const Closure& closure) override;
};

}  // namespace plumb::optim
