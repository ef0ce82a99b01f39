// Lookahead: slow weights that follow those of any rule every few steps.
#pragma once

#include <cstdint>
#include <vector>

#include "optimizer.hpp"

namespace plumb::optim {

/// Options of Lookahead.
struct LookaheadOptions {
  std::int64_t k = 5;  ///< Steps of the rule before the slow weights follow: [1, inf).
  double alpha = 0.5;  ///< How far they follow: [0, 1].

  static const Fields<LookaheadOptions>& fields();
};

/// Lookahead (Zhang et al. 2019, algorithm 1) around any optimizer, which keeps its state, its
/// schedule and its groups. The slow weights s begin as the parameters p; in every k-th step, after
/// the optimizer's,
///
///   s = s + alpha (p - s),  p = s
///
///   optim::AdamW fast(model.parameters());
///   optim::Lookahead optimizer(fast);
///   ...
///   optimizer.step();
///
/// What the optimizer keeps (momentum) stays as it is then, as in the paper's image tasks. Parameters
/// of a group that is added later take part from the next step on.
class Lookahead {
 public:
  /// The optimizer must outlive it. Throws where the options are out of range, and for schedule-free
  /// rules, which have averages of their own.
  explicit Lookahead(Optimizer& optimizer, const LookaheadOptions& options = {});

  /// Throws as the optimizer's step does, and where a parameter's shape or dtype is no longer that of
  /// its slow weights; then nothing has changed.
  void step();
  double step(const Closure& closure);

  const LookaheadOptions& options() const& { return options_; }
  LookaheadOptions options() const&& { return options_; }
  /// Steps of the optimizer so far.
  std::int64_t t() const { return t_; }

  /// The slow weights by the parameters' names, the count and the options; shares memory. What the
  /// optimizer keeps is in its own.
  StateDict state_dict() const;
  /// Goes on where the saved one was, with copies of its tensors. Throws, changing nothing, where
  /// options, names, shapes or dtypes differ.
  void load_state_dict(const StateDict& from);

 private:
  void meet_new();
  void follow();

  Optimizer* optimizer_;
  LookaheadOptions options_;
  std::int64_t t_ = 0;
  Parameters parameters_;
  std::vector<Tensor> slow_;  // one for each parameter
};

}  // namespace plumb::optim
