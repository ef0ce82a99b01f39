// Curves: how a learning rate changes over the steps of a schedule.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace plumb::optim {

/// A factor for every step t = 0, 1, ...: a schedule gives each group its own learning rate, the
/// base, times that.
class Curve {
 public:
  /// One of your own. The description is saved with a schedule and compared when that is loaded, so
  /// it should name all that the factor depends on.
  Curve(std::string description, std::function<double(std::int64_t t)> factor)
      : description_(std::move(description)), factor_(std::move(factor)) {}

  double factor(std::int64_t t) const { return factor_(t); }
  /// "cosine(steps=100, end=0)".
  const std::string& description() const& { return description_; }
  std::string description() && { return std::move(description_); }

 private:
  std::string description_;
  std::function<double(std::int64_t)> factor_;
};

/// The curves. Lengths are steps, at least 1; factors are relative to the base, in [0, inf); ends
/// and starts in [0, 1]. All throw otherwise, naming the argument: "[cosine] steps must be in [1,
/// inf), got 0".
namespace curve {

/// 1.
Curve constant();
/// gamma^(t / size), rounded down: times gamma after every `size` steps. torch's StepLR.
Curve step(std::int64_t size, double gamma = 0.1);
/// Times gamma at each milestone. Milestones increase, from 1 on; there is at least one. torch's
/// MultiStepLR.
Curve multi_step(const std::vector<std::int64_t>& milestones, double gamma = 0.1);
/// gamma^t. torch's ExponentialLR.
Curve exponential(double gamma);
/// end + (1 - end) (1 + cos(pi t / steps)) / 2, from 1 to `end`, where it stays (Loshchilov &
/// Hutter 2017, equation 5, without restarts). torch's CosineAnnealingLR takes its end as a
/// learning rate, and goes up again after it.
Curve cosine(std::int64_t steps, double end = 0);
/// The same again and again: from 1 towards `end` in `first` steps, then at once from 1 in `growth`
/// times as many, and so on (Loshchilov & Hutter 2017, equation 5); growth is at least 1. torch's
/// CosineAnnealingWarmRestarts, with its end as a share.
Curve cosine_restarts(std::int64_t first, std::int64_t growth = 1, double end = 0);
/// Straight from 1 to `end` at t = steps, where it stays. torch's LinearLR with start_factor 1.
Curve linear(std::int64_t steps, double end = 0);
/// end + (1 - end) (1 - t / steps)^power, from 1 to `end`, where it stays; power in [0, inf). torch's
/// PolynomialLR, with an end.
Curve polynomial(std::int64_t steps, double power, double end = 0);
/// sqrt(steps / (steps + t)). After a warm-up of as many steps it is the schedule of Vaswani et al.
/// 2017, section 5.3.
Curve inverse_square_root(std::int64_t steps);
/// 1, and in the last `decay` of the steps straight down to `end`, where it stays; decay is at most
/// steps. Behind a warm-up it is warm-up-stable-decay (Hu et al. 2024): training can go on from any
/// step before the decay.
Curve stable_decay(std::int64_t steps, std::int64_t decay, double end = 0);
/// From `start` times the first factor of `then`, straight up to that factor at t = steps; then
/// `then`, from its beginning. At start 0 the first step changes averages only. torch's LinearLR,
/// followed by another.
Curve warm_up(std::int64_t steps, const Curve& then, double start = 0);
/// Up from `start` to 1, which is reached at t = rise steps - 1, and down to `end` at t = steps -
/// 1, both as half a cosine; then it stays (Smith & Topin 2019). The base is the peak. `rise` is a
/// share of the steps, below 1 and above 1 / steps. torch's OneCycleLR without its cycle of
/// momentum, with the defaults start = 1 / div_factor and end = start / final_div_factor.
Curve one_cycle(std::int64_t steps, double rise = 0.3, double start = 0.04, double end = 4e-6);

}  // namespace curve
}  // namespace plumb::optim
