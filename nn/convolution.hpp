// Conv2d: windows of an image, weighted and summed.
#pragma once

#include "../autograd/ops/convolution.hpp"
#include "layer.hpp"

namespace plumb::nn {

/// conv2d as a layer: x [n, in, h, w] -> y [n, out, oh, ow], with parameters "weight"
/// [out, in / groups, kh, kw] and "bias" [out].
///
/// Both start uniform in [-1/sqrt(fan), 1/sqrt(fan)) with fan = in / groups kh kw, drawn from the
/// generator in this order: the default of PyTorch. For other starts see init.hpp.
///
/// ```
/// nn::Conv2d(1, 6, 5, generator, {1, 2});  // 5 x 5, stride 1, padding 2: as large as x
/// nn::Conv2d(64, 64, 3, generator, {2, 1, 1, 64}, nn::Bias::no);  // each channel by itself
/// ```
class Conv2d : public Layer {
 public:
  /// float32; to() converts. Throws for channels that are negative or that groups does not divide,
  /// for an empty kernel and for options out of range.
  Conv2d(std::int64_t in, std::int64_t out, Size2d kernel, Generator& generator,
         const Conv2dOptions& options = {}, Bias bias = Bias::yes);
  /// Over parameters that already exist, which may be other modules' too: weight
  /// [out, in / groups, kh, kw], bias [out] or undefined. Both must be leaves.
  explicit Conv2d(Variable weight, Variable bias = Variable(), const Conv2dOptions& options = {});

  /// Throws "[Conv2d] expected input [n, 3, h, w], got [64, 1, 28, 28]", and as conv2d.
  Variable forward(const Variable& x) override;

  /// [out, in / groups, kh, kw].
  const Variable& weight() const { return weight_; }
  /// [out]; undefined without bias.
  const Variable& bias() const { return bias_; }
  const Conv2dOptions& options() const { return options_; }

 private:
  Conv2dOptions options_;
  Variable weight_;
  Variable bias_;
};

}  // namespace plumb::nn
