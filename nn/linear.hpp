// Linear: the fully connected layer.
#pragma once

#include "layer.hpp"

namespace plumb::nn {

/// y = x W^T + b: x [..., in] -> y [..., out], with parameters "weight" [out, in] and "bias" [out].
///
/// Both start uniform in [-1/sqrt(in), 1/sqrt(in)), drawn from the generator in this order: the
/// default of PyTorch. For other starts see init.hpp:
///
/// ```
/// Tensor weight = layer.weight().value();  // shares its memory
/// init::kaiming_normal(weight, generator);
/// ```
class Linear : public Layer {
 public:
  /// float32; to() converts. Throws when a size is negative.
  Linear(std::int64_t in, std::int64_t out, Generator& generator, Bias bias = Bias::yes);
  /// Over parameters that already exist and that other modules may have too: weight [out, in], bias
  /// [out] or undefined. Both must be leaves.
  explicit Linear(Variable weight, Variable bias = Variable());

  /// Throws "[Linear] expected input [..., 784], got [64, 100]".
  Variable forward(const Variable& x) override;
  /// max(forward(x), 0) to the same bits, as one operation.
  Variable forward_relu(const Variable& x);
  /// With a ReLU: forward_relu.
  Fused fuse_with(Layer& next) override;

  /// [out, in].
  Variable weight() const { return weight_; }
  /// [out]; undefined without bias.
  Variable bias() const { return bias_; }

 private:
  void check_input(const Variable& x) const;

  Variable weight_;
  Variable bias_;
};

}  // namespace plumb::nn
