// Adam: steps by the mean of the gradients over the root of the mean of their squares.
#pragma once

#include <vector>

#include "rule.hpp"

namespace plumb::optim {

/// Options of Adam, for each group.
struct AdamOptions {
  double lr = 0.001;        ///< Learning rate: [0, inf).
  double beta1 = 0.9;       ///< How much of the first moment stays each step: [0, 1).
  double beta2 = 0.999;     ///< How much of the second moment stays each step: [0, 1).
  double eps = 1e-8;        ///< Added to the root: [0, inf). 0 makes NaN of gradients always 0.
  double weight_decay = 0;  ///< Coupled: weight_decay * p is added to the gradient: [0, inf).
  bool amsgrad = false;     ///< Divide by the largest second moment so far.
  bool maximize = false;    ///< Go up instead of down.

  static constexpr bool decouples_decay = false;
  static const Fields<AdamOptions>& fields();
  static StateNames state();
};

/// The steps of Adam and of AdamW, which differ in options only.
template <class OptionsOfRule>
class BasicAdam : public Rule<OptionsOfRule> {
 public:
  using Rule<OptionsOfRule>::Rule;

 private:
  using Update = Optimizer::Update;
  void update(std::vector<Update>& updates) override;
};

/// Adam (Kingma & Ba 2015, algorithm 1). For every parameter p that has a gradient, t = 1, 2, ...,
/// counted for each parameter, once a step:
///
///   g = maximize ? -gradient : gradient
///   g = g + weight_decay p                     coupled, like L2: it is averaged and squared too
///   m = beta1 m + (1 - beta1) g,               m = 0 before t = 1
///   v = beta2 v + (1 - beta2) g^2,             v = 0 before t = 1
///   h = amsgrad ? max(h, v) : v,               h = 0 before t = 1
///   p = p - lr m / (1 - beta1^t) / (sqrt(h / (1 - beta2^t)) + eps)
///
/// This is torch.optim.Adam (1.13), with amsgrad (Reddi et al. 2018), whose maximum is taken before
/// the correction. Where a beta changes on the way, its power is the product of all betas so far,
/// and the moments stay means, as in the debiased MovingAverage. PyTorch takes the power of the last
/// beta. AdamW has decay that is not divided by the root.
using Adam = BasicAdam<AdamOptions>;

extern template class BasicAdam<AdamOptions>;

}  // namespace plumb::optim
