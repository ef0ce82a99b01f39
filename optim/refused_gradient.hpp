// RefusedGradient: the error of a step that its gradients would make a bad one.
#pragma once

#include "../core/runtime/error.hpp"

namespace plumb::optim {

/// Thrown by step() where GradientCheck or the rule refuses a gradient that holds a NaN or an infinity, or is too
/// large for it, and by clip_grad_norm() with NonFinite::refuse. Nothing has changed, and the optimizer goes on:
/// a program may pass over the batch, or take the run for one that diverged.
class RefusedGradient : public Error {
 public:
  using Error::Error;
};

}  // namespace plumb::optim
