#include "activation.hpp"

#include "../autograd/ops/softmax.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "pooling.hpp"

namespace plumb::nn {

Variable ReLU::forward(const Variable& x) { return relu(x); }

// The largest of a window that was cut off at 0 is the largest of the window, cut off at 0: to the
// bit, and so are the gradients. But a window with dilation may hold nothing but padding, and is
// -infinity behind a ReLU and 0 in front of one.
Fused ReLU::fuse_with(Layer& next) {
  const auto exchanged = [](ReLU& relu, auto& pool, const Variable& x) {
    return pool.options().dilation == 1 ? relu(pool(x)) : pool(relu(x));
  };
  if (Fused both = fused<MaxPool1d>(*this, next, exchanged)) return both;
  return fused<MaxPool2d>(*this, next, exchanged);
}

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
