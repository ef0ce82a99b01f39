// LayerNorm: each row normalized by its own mean and deviation.
#pragma once

#include "affine.hpp"
#include "layer.hpp"

namespace plumb::nn {

struct LayerNormOptions {
  /// Added to the variance.
  double eps = 1e-5;
  Affine affine = Affine::yes;
};

/// y = (x - m) / sqrt(v + eps) weight + bias, with mean and variance over the trailing axes of x,
/// which are the shape given here: x [..., shape] (Ba, Kiros and Hinton 2016, "Layer
/// normalization"). The same in training and evaluation.
///
/// Parameters "weight" and "bias" of that shape, unless Affine::no.
class LayerNorm : public Layer {
 public:
  /// float32; to() converts. Throws for a shape without axes or with negative sizes and for an eps
  /// that is negative or not finite.
  explicit LayerNorm(const Shape& shape, const LayerNormOptions& options = {});
  /// Over the last axis.
  explicit LayerNorm(std::int64_t size, const LayerNormOptions& options = {});

  /// Throws "[LayerNorm] expected an input that ends in [128], got [64, 100]".
  Variable forward(const Variable& x) override;

  /// Undefined with Affine::no.
  const Variable& weight() const { return weight_; }
  const Variable& bias() const { return bias_; }

 private:
  Shape shape_;
  LayerNormOptions options_;
  Variable weight_, bias_;
};

}  // namespace plumb::nn
