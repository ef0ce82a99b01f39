// Activation functions, elementwise. Value and gradient are right for inputs of any size, and the
// limits at the infinities.
#pragma once

#include "../variable.hpp"

namespace plumb {

Variable tanh(const Variable& x);
/// 1 / (1 + e^-x).
Variable sigmoid(const Variable& x);
/// max(x, 0); the gradient at 0 is 0, NaN stays NaN.
Variable relu(const Variable& x);
/// x for x > 0, slope x elsewhere (Maas et al. 2013).
Variable leaky_relu(const Variable& x, double slope = 0.01);
/// x for x > 0, alpha (e^x - 1) elsewhere (Clevert et al. 2016).
Variable elu(const Variable& x, double alpha = 1);

/// GELU by the error function, or by the approximation with tanh.
enum class Gelu : std::uint8_t { exact, tanh };
/// x times the standard normal distribution function of x (Hendrycks & Gimpel 2016). In float32 the
/// exact form has no second derivatives: it keeps its slope in place of x.
Variable gelu(const Variable& x, Gelu form = Gelu::exact);

/// x sigmoid(x), also called swish (Elfwing et al. 2018).
Variable silu(const Variable& x);
/// log(1 + e^(beta x)) / beta, and x itself where beta x > threshold. beta must be positive.
Variable softplus(const Variable& x, double beta = 1, double threshold = 20);

}  // namespace plumb
