// Stochastic gradient descent: plain, with momentum in PyTorch's form, debiased, or Nesterov's.
#pragma once

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

  static const Fields<SGDOptions>& fields();
};

/// Stochastic gradient descent. For every parameter p that has a gradient, t = 1, 2, ...:
///
///   g = maximize ? -gradient : gradient
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

 private:
  void update(std::vector<Update>& updates) override;
};

}  // namespace plumb::optim
