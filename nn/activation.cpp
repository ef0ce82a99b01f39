#include "activation.hpp"

#include "../autograd/ops/softmax.hpp"
#include "../core/runtime/error.hpp"

namespace plumb::nn {

Variable ReLU::forward(const Variable& x) { return relu(x); }

Variable LeakyReLU::forward(const Variable& x) { return leaky_relu(x, slope_); }

Variable ELU::forward(const Variable& x) { return elu(x, alpha_); }

Variable GELU::forward(const Variable& x) { return gelu(x, form_); }

Variable SiLU::forward(const Variable& x) { return silu(x); }

Softplus::Softplus(double beta, double threshold) : beta_(beta), threshold_(threshold) {
  if (!(beta > 0)) fail("Softplus", "beta must be positive, got ", beta);
}

Variable Softplus::forward(const Variable& x) { return softplus(x, beta_, threshold_); }

Variable Tanh::forward(const Variable& x) { return tanh(x); }

Variable Sigmoid::forward(const Variable& x) { return sigmoid(x); }

Variable Softmax::forward(const Variable& x) { return softmax(x, axis_); }

Variable LogSoftmax::forward(const Variable& x) { return log_softmax(x, axis_); }

}  // namespace plumb::nn
