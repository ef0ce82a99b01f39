// Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d: windows of a signal or an image, weighted and summed.
#pragma once

#include "../autograd/ops/convolution.hpp"
#include "layer.hpp"

namespace plumb::nn {

class MaxPool2d;

/// What the convolutions share. Their parameters are "weight", of the shape that the class names,
/// and "bias" [out].
///
/// Both start uniform in [-1/sqrt(fan), 1/sqrt(fan)), where fan is the product of the weight's
/// sizes after the first. The weight is drawn first, then the bias: the default of PyTorch. For
/// other starts see init.hpp.
template <class Options,
          Variable (*operation)(const Variable&, const Variable&, const Variable&, const Options&)>
class ConvolutionLayer : public Layer {
 public:
  /// std::int64_t for signals, Size2d for images.
  using Size = decltype(Options::stride);

  /// float32; to() converts. Throws for negative numbers of channels, for groups that do not divide
  /// them, for an empty kernel and for options out of range.
  ConvolutionLayer(std::int64_t in, std::int64_t out, Size kernel, Generator& generator,
                   const Options& options = {}, Bias bias = Bias::yes);
  /// Over parameters that already exist and that other modules may have too. The bias is [out] or
  /// undefined. Both must be leaves.
  explicit ConvolutionLayer(Variable weight, Variable bias = Variable(),
                            const Options& options = {});

  /// Throws "[Conv2d] expected input [n, 3, h, w], got [64, 1, 28, 28]", and as the operation.
  Variable forward(const Variable& x) override { return forward_with(operation, x); }

  Variable weight() const { return weight_; }
  /// Undefined without bias.
  Variable bias() const { return bias_; }
  Options options() const { return options_; }

 protected:
  /// Another operation on the same, behind the same checks.
  template <class Operation>
  Variable forward_with(Operation other, const Variable& x) {
    check_input(x);
    return other(x, weight_, bias_, options_);
  }

 private:
  void check_input(const Variable& x) const;

  Options options_;
  Variable weight_;
  Variable bias_;
};

extern template class ConvolutionLayer<Conv1dOptions, conv1d>;
extern template class ConvolutionLayer<Conv2dOptions, conv2d>;
extern template class ConvolutionLayer<ConvTranspose1dOptions, conv_transpose1d>;
extern template class ConvolutionLayer<ConvTranspose2dOptions, conv_transpose2d>;

/// conv1d as a layer: x [n, in, l] -> y [n, out, ol]. The weight is [out, in / groups, k].
///
/// ```
/// nn::Conv1d(16, 32, 5, generator, {1, 2});  // stride 1, padding 2: as long as x
/// ```
class Conv1d : public ConvolutionLayer<Conv1dOptions, conv1d> {
 public:
  using ConvolutionLayer::ConvolutionLayer;
};

/// conv2d as a layer: x [n, in, h, w] -> y [n, out, oh, ow]. The weight is
/// [out, in / groups, kh, kw].
///
/// ```
/// nn::Conv2d(1, 6, 5, generator, {1, 2});  // 5 x 5, stride 1, padding 2: as large as x
/// nn::Conv2d(64, 64, 3, generator, {2, 1, 1, 64}, nn::Bias::no);  // each channel by itself
/// ```
class Conv2d : public ConvolutionLayer<Conv2dOptions, conv2d> {
 public:
  using ConvolutionLayer::ConvolutionLayer;

  /// With a MaxPool2d of 2 x 2, and with a ReLU and such a pooling.
  Fused fuse_with(Layer& next) override;
  Fused fuse_with_two(Layer& next, Layer& last) override;

 private:
  Variable forward_pooled(MaxPool2d& pool, const Variable& x);
};

/// conv_transpose1d as a layer, which undoes the sizes of a Conv1d: x [n, in, l] -> y [n, out, ol].
/// The weight is [in, out / groups, k].
///
/// ```
/// nn::ConvTranspose1d(32, 16, 4, generator, {2, 1});  // stride 2, padding 1: twice as long as x
/// ```
class ConvTranspose1d : public ConvolutionLayer<ConvTranspose1dOptions, conv_transpose1d> {
 public:
  using ConvolutionLayer::ConvolutionLayer;
};

/// conv_transpose2d as a layer, which undoes the sizes of a Conv2d: x [n, in, h, w] ->
/// y [n, out, oh, ow]. The weight is [in, out / groups, kh, kw].
///
/// PyTorch's layer can be told the size of its result; here the options alone decide it.
///
/// ```
/// nn::ConvTranspose2d(32, 16, 4, generator, {2, 1});  // stride 2, padding 1: twice as large as x
/// ```
class ConvTranspose2d : public ConvolutionLayer<ConvTranspose2dOptions, conv_transpose2d> {
 public:
  using ConvolutionLayer::ConvolutionLayer;
};

}  // namespace plumb::nn
