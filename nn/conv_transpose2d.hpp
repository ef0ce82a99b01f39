// ConvTranspose2d: the layer that undoes the sizes of a Conv2d.
#pragma once

#include "../autograd/ops/convolution.hpp"
#include "layer.hpp"

namespace plumb::nn {

/// conv_transpose2d as a layer: x [n, in, h, w] -> y [n, out, oh, ow], with parameters "weight"
/// [in, out / groups, kh, kw] and "bias" [out].
///
/// Both start uniform in [-1/sqrt(fan), 1/sqrt(fan)) with fan = out / groups kh kw, drawn from the
/// generator in this order: the default of PyTorch. For other starts see init.hpp.
///
/// PyTorch's layer can be called with the size that the result is to have; here it follows from the
/// options.
///
/// ```
/// nn::ConvTranspose2d(32, 16, 4, generator, {2, 1});  // stride 2, padding 1: twice as large as x
/// ```
class ConvTranspose2d : public Layer {
 public:
  /// float32; to() converts. Throws for channels that are negative or that groups does not divide,
  /// for an empty kernel and for options out of range.
  ConvTranspose2d(std::int64_t in, std::int64_t out, Size2d kernel, Generator& generator,
                  const ConvTranspose2dOptions& options = {}, Bias bias = Bias::yes);
  /// Over parameters that already exist, which may be other modules' too: weight
  /// [in, out / groups, kh, kw], bias [out] or undefined. Both must be leaves.
  explicit ConvTranspose2d(Variable weight, Variable bias = Variable(),
                           const ConvTranspose2dOptions& options = {});

  /// Throws "[ConvTranspose2d] expected input [n, 3, h, w], got [64, 1, 28, 28]", and as
  /// conv_transpose2d.
  Variable forward(const Variable& x) override;

  /// [in, out / groups, kh, kw].
  const Variable& weight() const { return weight_; }
  /// [out]; undefined without bias.
  const Variable& bias() const { return bias_; }
  const ConvTranspose2dOptions& options() const { return options_; }

 private:
  ConvTranspose2dOptions options_;
  Variable weight_;
  Variable bias_;
};

}  // namespace plumb::nn
