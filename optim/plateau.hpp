// ReduceOnPlateau: learning rates that fall when a measured value stops getting better.
#pragma once

#include <cstdint>
#include <limits>

#include "optimizer.hpp"

namespace plumb::optim {

/// Options of ReduceOnPlateau.
struct PlateauOptions {
  double factor = 0.1;         ///< What a learning rate is multiplied by: [0, 1).
  std::int64_t patience = 10;  ///< Values in a row that may be no better: [0, inf).
  double threshold = 1e-4;     ///< By how much a value must be better to count: [0, inf).
  bool relative = true;        ///< The threshold is times the best value's magnitude.
  bool maximize = false;       ///< Better is larger: an accuracy, not a loss.
  std::int64_t cooldown = 0;   ///< Values after a reduction that are never too many: [0, inf).
  double min_lr = 0;           ///< No learning rate is set below this: [0, inf).
  double min_change = 1e-8;    ///< Smaller changes are not made: [0, inf).

  static const Fields<PlateauOptions>& fields();
};

/// Multiplies the learning rates of all groups, also of those added later, by `factor` when more
/// than `patience` values in a row are no better than the best so far. NaN is never better. It
/// works on the rates as they are, so it goes along with rates that are set by hand, but not with a Schedule,
/// whose next step sets them anew.
///
/// This is torch's ReduceLROnPlateau, but for relative thresholds of negative values: better than
/// best means less than best - threshold |best| here; PyTorch compares with best (1 - threshold),
/// which lies above a negative best.
class ReduceOnPlateau {
 public:
  /// The optimizer must outlive it. Throws where the options are not valid: "[ReduceOnPlateau]
  /// factor must be in [0, 1), got 1".
  explicit ReduceOnPlateau(Optimizer& optimizer, const PlateauOptions& options = {});

  /// Takes the next value. Returns whether it reduced a learning rate.
  bool step(double value);
  /// The best value so far; infinite (the worst) before there is one.
  double best() const { return best_; }

  /// The best value and the counts; the learning rates are in the optimizer's state.
  StateDict state_dict() const;
  /// Throws, changing nothing, where the state was saved under other options.
  void load_state_dict(const StateDict& from);

 private:
  bool is_better(double value) const;
  bool reduce();

  Optimizer* optimizer_;
  PlateauOptions options_;
  double best_;
  std::int64_t bad_ = 0;      // values in a row that were no better
  std::int64_t cooling_ = 0;  // values to come that do not count
};

}  // namespace plumb::optim
