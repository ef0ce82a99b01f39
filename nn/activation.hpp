// The activation functions as layers, for a Sequential.
#pragma once

#include "../autograd/ops/activation.hpp"
#include "layer.hpp"

namespace plumb::nn {

// Each maps a tensor of any shape to one of the same shape. Formulas and papers are with the
// functions of the same names in autograd/ops/activation.hpp and autograd/ops/softmax.hpp.

/// max(x, 0).
class ReLU : public Layer {
 public:
  Variable forward(const Variable& x) override;
  /// With a MaxPool1d or MaxPool2d: the pool first, which leaves fewer elements to compare with 0.
  Fused fuse_with(Layer& next) override;
};

/// x for x > 0, slope x elsewhere.
class LeakyReLU : public Layer {
 public:
  explicit LeakyReLU(double slope = 0.01) : slope_(slope) {}
  Variable forward(const Variable& x) override;

 private:
  double slope_;
};

/// x for x > 0, alpha (e^x - 1) elsewhere.
class ELU : public Layer {
 public:
  explicit ELU(double alpha = 1) : alpha_(alpha) {}
  Variable forward(const Variable& x) override;

 private:
  double alpha_;
};

/// x times the standard normal distribution function of x.
class GELU : public Layer {
 public:
  explicit GELU(Gelu form = Gelu::exact) : form_(form) {}
  Variable forward(const Variable& x) override;

 private:
  Gelu form_;
};

/// x sigmoid(x).
class SiLU : public Layer {
 public:
  Variable forward(const Variable& x) override;
};

/// log(1 + e^(beta x)) / beta, and x itself where beta x > threshold.
class Softplus : public Layer {
 public:
  /// Throws unless beta is positive.
  explicit Softplus(double beta = 1, double threshold = 20);
  Variable forward(const Variable& x) override;

 private:
  double beta_;
  double threshold_;
};

/// tanh x.
class Tanh : public Layer {
 public:
  Variable forward(const Variable& x) override;
};

/// 1 / (1 + e^-x).
class Sigmoid : public Layer {
 public:
  Variable forward(const Variable& x) override;
};

/// e^x / sum e^x along an axis. Not for a model that is trained with cross_entropy, which takes
/// logits.
class Softmax : public Layer {
 public:
  explicit Softmax(int axis = -1) : axis_(axis) {}
  Variable forward(const Variable& x) override;

 private:
  int axis_;
};

/// log softmax x along an axis, as nll takes it.
class LogSoftmax : public Layer {
 public:
  explicit LogSoftmax(int axis = -1) : axis_(axis) {}
  Variable forward(const Variable& x) override;

 private:
  int axis_;
};

}  // namespace plumb::nn
