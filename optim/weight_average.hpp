// WeightAverage: a moving average of a model's parameters, to evaluate or to keep instead of them.
#pragma once

#include <cstdint>
#include <vector>

#include "../autograd/variable.hpp"
#include "moving_average.hpp"

namespace plumb::optim {

/// An average of parameters over the steps of training, by the moving averages of this room:
/// debiased exponential (Kingma & Ba 2015, section 7.2), a weighted mean of the weights from the
/// first update on, or simple (Polyak & Juditsky 1992; SWA, Izmailov et al. 2018), the mean of all
/// updates.
///
///   auto average = optim::WeightAverage::debiased(model.parameters(), 0.999);
///   ...
///   optimizer.step();
///   average.update();
///   ...
///   average.swap_in();
///   ... evaluate ...
///   average.swap_out();
///
/// Buffers are not averaged. The running statistics of batch norm are those of the weights that
/// were trained: with averaged weights let them settle first, by some batches in training mode
/// without steps, or take them as they are where they hardly differ.
class WeightAverage {
 public:
  /// beta in [0, 1). Throws, as simple() does, for an empty list, for a name that is given twice
  /// and for integer parameters. Handles are kept: the average follows the parameters.
  static WeightAverage debiased(const Parameters& parameters, double beta);
  static WeightAverage simple(const Parameters& parameters);

  /// Takes the values of now. Throws while the averages are swapped in, and where a parameter's
  /// shape or dtype is no longer that of its average.
  void update();
  /// Updates so far.
  std::int64_t count() const { return averages_.front().count(); }
  /// Sets beta for the updates to come. Throws for a simple average.
  void set_beta(double beta);

  /// Puts the averages in the parameters' place, in memory of the parameters, and keeps what was
  /// there. Throws before the first update and where they are in place already.
  void swap_in();
  /// Puts back what swap_in kept. Throws where nothing was swapped in.
  void swap_out();
  bool swapped_in() const { return !kept_.empty(); }
  /// Copies the averages into the parameters of another model, by name. Throws, changing nothing,
  /// unless names, shapes and dtypes are the same, and before the first update.
  void copy_to(const Parameters& to) const;

  /// The averages by the parameters' names; shares memory. Throws while they are swapped in: the
  /// weights that were trained would be missing from what is saved.
  StateDict state_dict() const;
  /// Goes on where the saved average was, with copies of its tensors. Throws one error that lists
  /// all names, shapes and dtypes that do not fit, and then, as while swapped in, changes nothing.
  void load_state_dict(const StateDict& from);

 private:
  WeightAverage(const Parameters& parameters, const TensorMovingAverage& empty);
  std::vector<Tensor> values() const;
  void check_swapped_out(const char* action) const;
  void check_forms() const;

  Parameters parameters_;
  std::vector<TensorMovingAverage> averages_;  // one for each parameter
  std::vector<Tensor> kept_;                   // the parameters' own values while swapped in
};

}  // namespace plumb::optim
