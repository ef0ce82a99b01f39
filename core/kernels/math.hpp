// Elementwise functions of one tensor, each with the kernel of its gradient.
#pragma once

#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

// Forward: a new tensor. Gradient: dx = or += g dy/dx, from the input x or the result y, whichever
// the name of the parameter says. All floating, of one shape and dtype.

Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
void log_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x);
Tensor sqrt(const Tensor& x);
void sqrt_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y);
Tensor abs(const Tensor& x);
void abs_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x);
Tensor erf(const Tensor& x);
void erf_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x);
Tensor clamp(const Tensor& x, double low, double high);
void clamp_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, double low, double high);

Tensor tanh(const Tensor& x);
void tanh_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y);
Tensor sigmoid(const Tensor& x);
void sigmoid_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y);
Tensor relu(const Tensor& x);
void relu_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y);
Tensor leaky_relu(const Tensor& x, double slope);
void leaky_relu_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, double slope);
Tensor elu(const Tensor& x, double alpha);
void elu_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, double alpha);
Tensor gelu(const Tensor& x);
/// The same bits, and the derivative: found together they cost little more than the second alone,
/// since both need the error function.
Tensor gelu_with_slope(const Tensor& x, Tensor& slope);
/// dx = or += g slope.
void slope_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& slope);
Tensor gelu_tanh(const Tensor& x);
void gelu_tanh_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x);
Tensor silu(const Tensor& x);
void silu_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x);
Tensor softplus(const Tensor& x, double beta, double threshold);
void softplus_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, double beta,
                   double threshold);

}  // namespace plumb::kernel
