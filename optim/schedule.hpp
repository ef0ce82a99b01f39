// Schedule: sets the learning rates of an optimizer's groups along a curve.
#pragma once

#include <cstdint>
#include <vector>

#include "curve.hpp"
#include "optimizer.hpp"

namespace plumb::optim {

/// Gives every group its base times the curve's factor. The base is the learning rate that the
/// group has when the schedule first meets it: at construction, or at the first step() after the
/// group was added.
///
///   optim::Schedule schedule(optimizer, optim::curve::warm_up(500, optim::curve::cosine(10000)));
///   ...
///   optimizer.step();
///   schedule.step();
///
/// What a step is, a batch or an epoch, is up to where step() is called. Each sets the learning rates anew:
/// what ReduceOnPlateau or set_lr() has made of them since the last one is gone.
class Schedule {
 public:
  /// Sets the learning rates for t = 0. The optimizer must outlive the schedule. Throws where a
  /// factor gives a learning rate outside [0, inf); then, as in step(), no group has changed.
  Schedule(Optimizer& optimizer, Curve curve);

  /// Sets the learning rates for the next t. Allocates nothing unless a group is new.
  void step();
  std::int64_t t() const { return t_; }
  Curve curve() const { return curve_; }

  /// t, the bases, the learning rates as they are and the curve's description.
  StateDict state_dict() const;
  /// Goes on where the saved schedule was, with the learning rates that there were. Throws, changing nothing,
  /// where the state is of another curve or of more groups than there are.
  void load_state_dict(const StateDict& from);

 private:
  void follow(const std::vector<double>& bases, std::int64_t t);
  void follow_with_new_groups(std::int64_t t);

  Optimizer* optimizer_;
  Curve curve_;
  std::int64_t t_ = 0;
  std::vector<double> bases_;  // of the groups met so far
};

}  // namespace plumb::optim
