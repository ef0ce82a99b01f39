#include "convolution.hpp"

#include <cmath>

#include "../autograd/internal/mistakes.hpp"
#include "../core/runtime/checks.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "activation.hpp"
#include "init.hpp"
#include "pooling.hpp"

namespace plumb::nn {
namespace {

// What the layers differ in.
struct Kind {
  const char* layer;
  const char* sides;   // of the input
  const char* weight;  // its shape
  int rank;
  bool transposed;  // the weight is [in, out / groups, ...] and not [out, in / groups, ...]
};

Kind kind_of(const Conv1dOptions&) { return {"Conv1d", "l", "[out, in / groups, k]", 3, false}; }

Kind kind_of(const Conv2dOptions&) {
  return {"Conv2d", "h, w", "[out, in / groups, kh, kw]", 4, false};
}

Kind kind_of(const ConvTranspose1dOptions&) {
  return {"ConvTranspose1d", "l", "[in, out / groups, k]", 3, true};
}

Kind kind_of(const ConvTranspose2dOptions&) {
  return {"ConvTranspose2d", "h, w", "[in, out / groups, kh, kw]", 4, true};
}

std::int64_t inputs_of(const Kind& kind, const Shape& weight, std::int64_t groups) {
  return kind.transposed ? weight[0] : weight[1] * groups;
}

std::int64_t outputs_of(const Kind& kind, const Shape& weight, std::int64_t groups) {
  return kind.transposed ? weight[1] * groups : weight[0];
}

Shape weight_shape(const Kind& kind, std::int64_t in, std::int64_t out, std::int64_t groups) {
  return kind.transposed ? Shape{in, out / groups} : Shape{out, in / groups};
}

void append(Shape& shape, std::int64_t kernel) { shape.push_back(kernel); }

void append(Shape& shape, const Size2d& kernel) {
  shape.push_back(kernel.height);
  shape.push_back(kernel.width);
}

bool empty(std::int64_t kernel) { return kernel < 1; }

bool empty(const Size2d& kernel) { return empty(kernel.height) || empty(kernel.width); }

void check_channels(const char* layer, std::int64_t in, std::int64_t out, std::int64_t groups) {
  if (in < 0 || out < 0)
    fail(layer, "the numbers of channels must not be negative, got in = ", in, ", out = ", out);
  if (in % groups != 0 || out % groups != 0)
    fail(layer, "groups must divide the numbers of channels, got in = ", in, ", out = ", out,
         ", groups = ", groups);
}

void check_weight(const Kind& kind, const Shape& weight, std::int64_t groups) {
  if (weight.rank() != kind.rank)
    fail(kind.layer, "expected a weight ", kind.weight, ", got ", weight);
  if (weight[0] % groups != 0)
    fail(kind.layer, "groups must divide the ", kind.transposed ? "inputs" : "outputs",
         " of the weight ", weight, ", got ", groups);
}

// Uniform in +-1/sqrt(fan) of a weight of the shape `weight`.
Tensor uniform_by_fan(const Shape& shape, const Shape& weight, Generator& generator) {
  const std::int64_t fan = init::fans(weight).in;
  const double bound = fan > 0 ? 1 / std::sqrt(static_cast<double>(fan)) : 0;
  Tensor x = Tensor::empty(shape);
  init::uniform(x, generator, -bound, bound);
  return x;
}

}  // namespace

template <class Options,
          Variable (*operation)(const Variable&, const Variable&, const Variable&, const Options&)>
ConvolutionLayer<Options, operation>::ConvolutionLayer(std::int64_t in, std::int64_t out,
                                                       Size kernel, Generator& generator,
                                                       const Options& options, Bias bias)
    : options_(options) {
  const Kind kind = kind_of(options);
  options.check(kind.layer);
  check_channels(kind.layer, in, out, options.groups);
  if (empty(kernel)) fail(kind.layer, "the kernel must be at least 1, got ", kernel);
  Shape shape = weight_shape(kind, in, out, options.groups);
  append(shape, kernel);
  weight_ = add_parameter("weight", uniform_by_fan(shape, shape, generator));
  if (bias == Bias::yes) bias_ = add_parameter("bias", uniform_by_fan({out}, shape, generator));
}

template <class Options,
          Variable (*operation)(const Variable&, const Variable&, const Variable&, const Options&)>
ConvolutionLayer<Options, operation>::ConvolutionLayer(Variable weight, Variable bias,
                                                       const Options& options)
    : options_(options), weight_(add_parameter("weight", std::move(weight))) {
  const Kind kind = kind_of(options);
  options.check(kind.layer);
  check_weight(kind, weight_.shape(), options.groups);
  if (!bias.defined()) return;
  const Shape expected = {outputs_of(kind, weight_.shape(), options.groups)};
  if (bias.shape() != expected)
    fail(kind.layer, "expected a bias ", expected, ", got ", bias.shape());
  bias_ = add_parameter("bias", std::move(bias));
}

template <class Options,
          Variable (*operation)(const Variable&, const Variable&, const Variable&, const Options&)>
void ConvolutionLayer<Options, operation>::check_input(const Variable& x) const {
  const Kind kind = kind_of(options_);
  const std::int64_t in = inputs_of(kind, weight_.shape(), options_.groups);
  if (x.rank() != kind.rank || x.dim(1) != in)
    fail(kind.layer, "expected input [n, ", in, ", ", kind.sides, "], got ", x.shape());
  if (checks()) plumb::detail::check_input_scale(kind.layer, x, weight_);
}

Variable Conv2d::forward_pooled(MaxPool2d& pool, const Variable& x) {
  // A result too small for a window is the pool's to refuse, with its place.
  const auto two_fit = [&](int axis, std::int64_t stride, std::int64_t padding,
                           std::int64_t dilation) {
    return x.dim(axis) + 2 * padding > dilation * (weight().dim(axis) - 1) + stride;
  };
  const Conv2dOptions o = options();
  const bool fits = x.rank() == 4 &&
                    two_fit(2, o.stride.height, o.padding.height, o.dilation.height) &&
                    two_fit(3, o.stride.width, o.padding.width, o.dilation.width);
  return pool.halves() && fits ? forward_with(conv2d_max_pool2d, x) : pool(forward(x));
}

Fused Conv2d::fuse_with(Layer& next) {
  return fused<MaxPool2d>(*this, next, [](Conv2d& conv, MaxPool2d& pool, const Variable& x) {
    return conv.forward_pooled(pool, x);
  });
}

// As ReLU::fuse_with has it, the ReLU may come last.
Fused Conv2d::fuse_with_two(Layer& next, Layer& last) {
  return fused<ReLU, MaxPool2d>(
      *this, next, last, [](Conv2d& conv, ReLU& relu, MaxPool2d& pool, const Variable& x) {
        return pool.options().dilation == 1 ? relu(conv.forward_pooled(pool, x))
                                            : pool(relu(conv.forward(x)));
      });
}

template class ConvolutionLayer<Conv1dOptions, conv1d>;
template class ConvolutionLayer<Conv2dOptions, conv2d>;
template class ConvolutionLayer<ConvTranspose1dOptions, conv_transpose1d>;
template class ConvolutionLayer<ConvTranspose2dOptions, conv_transpose2d>;

}  // namespace plumb::nn
