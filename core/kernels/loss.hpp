// Losses of elements against targets of the same shape: their sums and their backward kernels.
#pragma once

#include <optional>

#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

/// What is made of the losses of the elements: without a divisor they are the result; with one,
/// their sum over it, a scalar. Sums are in double and in an order that threads do not change.
using Divisor = std::optional<double>;

// Forward: x and the target t are floating, of one shape and dtype. Gradient: dx = or += g /
// divisor times the slope of the loss, where g is a scalar, or without a divisor has the shape of
// dx. The first three are symmetric: for the gradient of the target swap x and t.

/// (x - t)^2
Tensor mse(const Tensor& x, const Tensor& t, Divisor divisor);
void mse_into(Tensor& dx, Write mode, const Tensor& g, Divisor divisor, const Tensor& x,
              const Tensor& t);

/// |x - t|, with slope 0 at 0.
Tensor l1(const Tensor& x, const Tensor& t, Divisor divisor);
void l1_into(Tensor& dx, Write mode, const Tensor& g, Divisor divisor, const Tensor& x,
             const Tensor& t);

/// z^2 / 2 for z = |x - t| <= delta, delta (z - delta / 2) beyond.
Tensor huber(const Tensor& x, const Tensor& t, double delta, Divisor divisor);
void huber_into(Tensor& dx, Write mode, const Tensor& g, Divisor divisor, const Tensor& x,
                const Tensor& t, double delta);

/// w ((1 - t) x + (1 + (p - 1) t) log(1 + exp(-x))) with p the weight of the positive class.
/// weight and pos_weight have the shape of x, or both are undefined: 1.
Tensor bce_with_logits(const Tensor& x, const Tensor& t, const Tensor& weight,
                       const Tensor& pos_weight, Divisor divisor);
void bce_with_logits_into(Tensor& dx, Write mode, const Tensor& g, Divisor divisor, const Tensor& x,
                          const Tensor& t, const Tensor& weight, const Tensor& pos_weight);
void bce_with_logits_target_into(Tensor& dt, Write mode, const Tensor& g, Divisor divisor,
                                 const Tensor& x, const Tensor& weight, const Tensor& pos_weight);

/// t (log t - x), or exp(t) (t - x) where the target is a logarithm; 0 where its probability is 0.
Tensor kl_div(const Tensor& x, const Tensor& t, bool log_target, Divisor divisor);
void kl_div_into(Tensor& dx, Write mode, const Tensor& g, Divisor divisor, const Tensor& t,
                 bool log_target);
void kl_div_target_into(Tensor& dt, Write mode, const Tensor& g, Divisor divisor, const Tensor& x,
                        const Tensor& t, bool log_target);

}  // namespace plumb::kernel
