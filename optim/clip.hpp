// Gradients clipped between backward() and step(): by the norm of all together, or each by value.
#pragma once

#include <cstdint>

#include "../autograd/variable.hpp"

namespace plumb::optim {

/// How long all gradients together are, as one vector.
enum class Norm : std::uint8_t {
  euclidean,  ///< The root of the sum of squares.
  largest,    ///< The largest magnitude.
};

/// What clip_grad_norm does where the norm is NaN or infinite.
enum class NonFinite : std::uint8_t {
  leave,   ///< Changes no gradient; the norm that is returned tells.
  refuse,  ///< RefusedGradient, naming the first parameter whose it is; changes none.
};

/// The norm of all gradients of the parameters, 0 where there is none. Parameters that are frozen
/// or have no gradient are skipped, as in step(). Squares are added in double, in an order that
/// shapes alone decide: the same bits for any number of threads, and no overflow in float32.
double grad_norm(const Parameters& parameters, Norm norm = Norm::euclidean);

/// Scales all gradients by max_norm / (norm + 1e-6) where that is below 1, so that their norm is at
/// most max_norm (Pascanu, Mikolov & Bengio 2013, algorithm 1). Returns the norm before.
/// max_norm in [0, inf]; throws otherwise. A tensor of a gradient that is also held elsewhere keeps
/// its values there.
///
/// This is torch.nn.utils.clip_grad_norm_, but for norms that are not finite, by which PyTorch
/// scales all the same: all gradients become NaN, or 0.
double clip_grad_norm(const Parameters& parameters, double max_norm,
                      NonFinite nonfinite = NonFinite::leave, Norm norm = Norm::euclidean);

/// Limits every element of every gradient to [-limit, limit]; NaN stays. limit in [0, inf]; throws
/// otherwise. As torch.nn.utils.clip_grad_value_.
void clip_grad_value(const Parameters& parameters, double limit);

}  // namespace plumb::optim
