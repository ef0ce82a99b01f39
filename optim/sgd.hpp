// Stochastic gradient descent: plain, with momentum in PyTorch's form, debiased, or Nesterov's.
#pragma once

#include <cstdint>
#include <vector>

#include "rule.hpp"

namespace plumb::optim {

/// Options of SGD, for each group.
struct SGDOptions {
  double lr = 0.1;          ///< Learning rate: [0, inf).
  double momentum = 0;      ///< How much of the average stays each step: [0, 1). 0: no average.
  double dampening = 0;     ///< The gradient enters the average times 1 - dampening: [0, 1].
  bool debias = false;      ///< Divide the average by the sum of its weights, 1 - momentum^t.
  bool nesterov = false;    ///< Look one step of the average ahead. Needs momentum; without debias
                            ///< it needs dampening 0 too.
  double weight_decay = 0;  ///< Coupled: weight_decay * p is added to the gradient: [0, inf).
  bool maximize = false;    ///< Go up instead of down.
  /// Elements of gradients below this are held back until their sum reaches it: [0, inf). 0: none.
  double accumulate_below = 0;
  /// Steps after which what was held back is used, small or not: [0, 255]. 0: no limit.
  std::int64_t max_wait = 0;

  static const Fields<SGDOptions>& fields();
  static StateNames state();
};

/// How many elements of gradients came to the stage of accumulate_below, and how many of them
/// released their residual.
struct ReleaseCount {
  std::int64_t offered = 0;
  std::int64_t released = 0;

  /// The share that was released: of all weights, those that a step's gradients touched. 1 where
  /// none was offered.
  double fraction() const {
    return offered == 0 ? 1 : static_cast<double>(released) / static_cast<double>(offered);
  }
};

/// Stochastic gradient descent. For every parameter p that has a gradient, t = 1, 2, ...:
///
///   g = maximize ? -gradient : gradient
///   g = release(g)                                  by accumulate_below, see there
///   g = g + weight_decay p                          coupled, like L2; so it is times lr
///   without momentum:   d = g
///   debias off:   a = t = 1 ? g : momentum a + (1 - dampening) g
///                 d = nesterov ? g + momentum a : a
///   debias on:    a = momentum a + (1 - dampening) g,  a = 0 before t = 1
///                 P = momentum^t, the product where momentum changes on the way
///                 d = a / (1 - P), or with nesterov
///                 d = (momentum a + (1 - dampening) g) / (1 - P momentum)
///   p = p - lr d
///
/// t counts from a parameter's first step with momentum.
///
/// With debias off this is torch.optim.SGD (1.13), whose first step ignores dampening. The average
/// is heavy ball (Polyak 1964). Nesterov's form is that of Sutskever et al. 2013: the averaging is
/// applied once more to the same gradient.
///
/// With debias on and dampening = momentum, d is an exact weighted mean of the gradients so far.
/// The first step is g, and lr means the same for every momentum. It equals heavy ball with
/// lr (1 - momentum) / (1 - momentum^t): compare it with heavy ball at lr (1 - momentum). With
/// another dampening, d is (1 - dampening) / (1 - momentum) times the mean. PyTorch's
/// dampening = momentum is another thing. Its average starts from the whole first gradient, whose
/// weight at t = 10 and momentum 0.9 is still 0.387; here it is 0.060.
///
/// accumulate_below = T > 0 holds back what is near zero. For every element, with a residual r and
/// an age that begin at 0 and n = max_wait:
///
///   r = r + g,  age = age + 1
///   release where |g| >= T, |r| >= T, n > 0 and age >= n, or g or r is NaN:
///     g = r,  r = 0,  age = 0         elsewhere g = 0
///
/// What was released and what is kept add up to the sum of all gradients; flush() takes the rest.
/// This is the residual of gradient dropping (Strom 2015; Aji & Heafield 2017; Lin et al. 2018),
/// without the factor masking of the last. For small T it touches fewer weights in each step for
/// about the same loss. It does not make a model better. After a long wait several gradients act at
/// once, like a larger lr. The average and the decay go on where nothing is released. Ages are
/// counted while max_wait is above 0. Once accumulate_below is set back to 0, the next step releases
/// everything.
///
/// While a group's momentum is 0, its averages rest. Where debias is switched on later, the average
/// so far counts as one that began at 0, which is exact for dampening 0.
class SGD : public Rule<SGDOptions> {
 public:
  /// p = p - lr g.
  static Options plain(double lr);
  /// a = momentum a + g;  p = p - lr a.
  static Options heavy_ball(double lr, double momentum);
  /// p = p - lr times the debiased exponential average of the gradients (dampening = momentum).
  static Options debiased(double lr, double momentum);

  /// One group of all. Throws where the options are not valid: "[SGD] momentum must be in [0, 1),
  /// got 1.2".
  SGD(const Parameters& parameters, const Options& options) : Rule(parameters, options) {}
  /// Groups, each with the options in which it differs from `defaults`.
  SGD(const std::vector<ParameterGroup>& groups, const Options& defaults)
      : Rule(groups, defaults) {}

  /// One more step, at the end of training, by all that accumulate_below has held back. Parameters
  /// without a residual stay as they are. The others step by theirs, through decay and momentum. It
  /// does not count as released. Throws as step() does.
  void flush();
  /// The count of all groups, or of one, since the optimizer was made. Saved and loaded too.
  ReleaseCount release_count() const;
  ReleaseCount release_count(int group) const;

 private:
  enum class Release : std::uint8_t { as_set, everything };

  void update(std::vector<Update>& updates) override;
  void update(std::vector<Update>& updates, Release release);
};

}  // namespace plumb::optim
