// SAM: a step of any rule by the gradient at the worst point nearby.
#pragma once

#include "optimizer.hpp"

namespace plumb::optim {

/// Options of SAM.
struct SAMOptions {
  double rho = 0.05;  ///< How far away the worst point is looked for: [0, inf).

  static const Fields<SAMOptions>& fields();
};

/// Sharpness-aware minimization (Foret et al. 2021, algorithm 1) around any optimizer, which keeps
/// its state, its schedule and its groups:
///
///   optim::SGD sgd(model.parameters(), optim::SGD::heavy_ball(0.05, 0.9));
///   optim::SAM optimizer(sgd);
///   ...
///   optimizer.step([&] { sgd.zero_grad(); ...; loss.backward(); return loss.item(); });
///
///   g = the gradient at p,  e = rho g / (|g| + 1e-12)     |g| over all parameters together
///   a step of the optimizer at p, by the gradient at p + e
///
/// A step costs two passes. The closure must draw the same batch both times. Batch norm sees both
/// points, and its running statistics too. The paper has no 1e-12; on several devices each perturbs
/// by the gradient of its own part of the batch there.
class SAM {
 public:
  /// The optimizer must outlive it. Throws where rho is out of range, and for LBFGS.
  explicit SAM(Optimizer& optimizer, const SAMOptions& options = {});

  /// Returns the loss at p. Whatever throws leaves the weights and the optimizer as they were;
  /// gradients are then unspecified. A gradient that is not finite, or 0, moves nothing: the step is
  /// then by the gradient at p.
  double step(const Closure& closure);

  double rho() const { return options_.rho; }

 private:
  Optimizer* optimizer_;
  SAMOptions options_;
};

}  // namespace plumb::optim
