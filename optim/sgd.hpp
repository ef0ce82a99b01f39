// Stochastic gradient descent: plain, with momentum in PyTorch's form, debiased, or Nesterov's.
#pragma once

#include <cstdint>
#include <vector>

#include "optimizer.hpp"

namespace plumb::optim {

/// Options of SGD, for each group.
struct SGDOptions {
  double lr = 0.1;          ///< Learning rate: [0, inf).
  double momentum = 0;      ///< How much of the average stays each step: [0, 1). 0: no average.
  double dampening = 0;     ///< The gradient enters the average times 1 - dampening: [0, 1].
  bool debias = false;      ///< Divide the average by the weights that it has gathered so far.
  bool nesterov = false;    ///< Look one step of the average ahead. Needs momentum, and dampening 0
                            ///< unless debias is on.
  double weight_decay = 0;  ///< Coupled: weight_decay * p is added to the gradient: [0, inf).
  bool maximize = false;    ///< Go up instead of down.
  /// Elements of gradients smaller than this are gathered until their sum is not: [0, inf). 0:
  /// none.
  double accumulate_below = 0;
  /// Steps after which what was gathered is used however small it is: [0, 255]. 0: no limit.
  std::int64_t max_wait = 0;

  static const Fields<SGDOptions>& fields();
};

/// Elements of gradients that came to the stage of accumulate_below, and those of them where the
/// residual was released.
struct ReleaseCount {
  std::int64_t offered = 0;
  std::int64_t released = 0;

  /// The share of weights that gradients have touched; 1 where none was offered.
  double fraction() const {
    return offered == 0 ? 1 : static_cast<double>(released) / static_cast<double>(offered);
  }
};

/// Stochastic gradient descent. For every parameter p that has a gradient, t = 1, 2, ...:
///
///   g = maximize ? -gradient : gradient
///   g = release(g)                                  what is gathered of small gradients, below
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
/// With debias off this is torch.optim.SGD (1.13), whose first step ignores dampening; t counts
/// from a parameter's first step with momentum. The average is heavy ball (Polyak 1964); nesterov
/// as in Sutskever et al. 2013: the averaging applied once more to the same gradient.
///
/// With debias on and dampening = momentum, d is an exact weighted mean of the gradients so far,
/// the first step is g, and lr means the same for every momentum: it equals heavy ball with
/// lr (1 - momentum) / (1 - momentum^t), so compare it with heavy ball at lr (1 - momentum). With
/// another dampening d is (1 - dampening) / (1 - momentum) times the mean. It is not PyTorch's
/// dampening = momentum, whose average gives the first gradient the weight 1 it began with: at
/// t = 10 and momentum 0.9 still 0.387, here 0.060.
///
/// accumulate_below = T > 0 holds back what is near zero. For every element, with a residual r and
/// an age that begin at 0 and n = max_wait:
///
///   r = r + g,  age = age + 1
///   release where |g| >= T, |r| >= T, n > 0 and age >= n, or g or r is NaN:
///     g = r,  r = 0,  age = 0         elsewhere g = 0
///
/// What was released and what is kept add up to the sum of all gradients; flush() takes the rest.
/// This is the residual of gradient dropping (Strom 2015; Aji & Heafield 2017; Lin et al. 2018)
/// without the latter's factor masking. It touches fewer weights in each step for about the same
/// loss where T is small; it does not make a model better, and after a long wait several gradients
/// act at once, like a larger lr. The average and the decay go on where nothing is released. Ages
/// are counted while max_wait is above 0; with accumulate_below set back to 0 the next step
/// releases everything.
///
/// While a group's momentum is 0 its averages rest. Switching debias on after steps without it
/// takes the average as one that began at 0, which is exact for dampening 0.
class SGD : public Optimizer {
 public:
  using Options = SGDOptions;

  /// p = p - lr g.
  static Options plain(double lr);
  /// a = momentum a + g;  p = p - lr a.
  static Options heavy_ball(double lr, double momentum);
  /// p = p - lr times the debiased exponential average of the gradients (dampening = momentum).
  static Options debiased(double lr, double momentum);

  /// One group of all. Throws where the options are not valid: "[SGD] momentum must be in [0, 1),
  /// got 1.2".
  SGD(const Parameters& parameters, const Options& options);
  /// Groups, each with the options in which it differs from `defaults`.
  SGD(const std::vector<ParameterGroup>& groups, const Options& defaults);

  /// The options of a group.
  const Options& options(int group) const { return typed_options<Options>(group); }

  /// One more step, by all that accumulate_below has held back: at the end of training. Parameters
  /// of which nothing is kept stay as they are; the others step by their residual, small or not,
  /// through decay and momentum. Not counted as released. Throws as step() does.
  void flush();
  /// Counted since the optimizer was made, through saving and loading: of all groups, or of one.
  ReleaseCount release_count() const;
  ReleaseCount release_count(int group) const;

 private:
  enum class Release : std::uint8_t { as_set, everything };

  void update(std::vector<Update>& updates) override;
  void update(std::vector<Update>& updates, Release release);
};

}  // namespace plumb::optim
