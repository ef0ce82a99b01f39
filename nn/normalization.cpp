#include "normalization.hpp"

#include <algorithm>
#include <cmath>

#include "../autograd/internal/mistakes.hpp"
#include "../autograd/modes.hpp"
#include "../autograd/ops/normalization.hpp"
#include "../core/runtime/checks.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "activation.hpp"
#include "pooling.hpp"

namespace plumb::nn {
namespace {

std::int64_t checked_channels(const char* layer, std::int64_t channels) {
  if (channels < 0) fail(layer, "the number of channels must not be negative, got ", channels);
  return channels;
}

const Shape& checked_shape(const char* layer, const Shape& shape) {
  if (shape.rank() == 0) fail(layer, "no axis is to be normalized");
  if (*std::min_element(shape.begin(), shape.end()) < 0)
    fail(layer, "sizes must not be negative, got ", shape);
  return shape;
}

double checked_eps(const char* layer, double eps) {
  if (!(eps >= 0 && std::isfinite(eps))) fail(layer, "eps must be in [0, inf), got ", eps);
  return eps;
}

void check_end(const char* layer, const Shape& shape, const Variable& x) {
  const int leading = x.rank() - shape.rank();
  if (leading < 0 || !std::equal(shape.begin(), shape.end(), x.shape().begin() + leading))
    fail(layer, "expected an input that ends in ", shape, ", got ", x.shape());
}

}  // namespace

NormLayer::NormLayer(const char* layer, const Shape& parameters, double eps, Affine affine) {
  checked_eps(layer, eps);
  if (affine == Affine::no) return;
  weight_ = add_parameter("weight", Tensor::ones(parameters));
  bias_ = add_parameter("bias", Tensor::zeros(parameters));
}

BatchNorm::BatchNorm(const char* layer, std::int64_t channels, const BatchNormOptions& options)
    : NormLayer(layer, {checked_channels(layer, channels)}, options.eps, options.affine),
      channels_(channels),
      options_(options) {
  const double momentum = options.momentum.value_or(0);
  if (!(momentum >= 0 && momentum <= 1)) fail(layer, "momentum must be in [0, 1], got ", momentum);
  if (options.track == TrackStatistics::no) return;
  running_mean_ = add_buffer("running_mean", Tensor::zeros({channels}));
  running_var_ = add_buffer("running_var", Tensor::ones({channels}));
  num_batches_tracked_ = add_buffer("num_batches_tracked", Tensor::zeros({}, DType::int64));
}

std::int64_t BatchNorm::num_batches_tracked() const {
  return num_batches_tracked_.defined() ? num_batches_tracked_.item<std::int64_t>() : 0;
}

Variable BatchNorm::forward(const Variable& x) { return forward_with(batch_norm, x); }

Variable BatchNorm::forward_with(Operation operation, const Variable& x) {
  check_input(x.shape());
  RunningStatistics running;
  const bool tracks = running_mean_.defined();
  if (checks() && tracks && grad_enabled() && (x.requires_grad() || weight().requires_grad()))
    plumb::detail::count_mode(training() ? plumb::detail::Mode::training
                                         : plumb::detail::Mode::evaluation);
  if (tracks) running = {running_mean_.value(), running_var_.value()};
  if (!training()) {
    const NormalizeBy by = tracks ? NormalizeBy::running : NormalizeBy::batch;
    return operation(running, x, weight(), bias(), by, 0, options_.eps);
  }
  const std::int64_t batches = num_batches_tracked() + 1;
  const double momentum = options_.momentum.value_or(1 / static_cast<double>(batches));
  Variable y = operation(running, x, weight(), bias(), NormalizeBy::batch, momentum, options_.eps);
  if (tracks && x.numel() > 0) {
    Tensor count = num_batches_tracked_.value();  // shares its memory
    *count.mutable_data<std::int64_t>() = batches;
  }
  return y;
}

BatchNorm1d::BatchNorm1d(std::int64_t channels, const BatchNormOptions& options)
    : BatchNorm("BatchNorm1d", channels, options) {}

void BatchNorm1d::check_input(const Shape& shape) const {
  if ((shape.rank() != 2 && shape.rank() != 3) || shape[1] != channels())
    fail("BatchNorm1d", "expected input [n, ", channels(), "] or [n, ", channels(), ", l], got ",
         shape);
}

BatchNorm2d::BatchNorm2d(std::int64_t channels, const BatchNormOptions& options)
    : BatchNorm("BatchNorm2d", channels, options) {}

void BatchNorm2d::check_input(const Shape& shape) const {
  if (shape.rank() != 4 || shape[1] != channels())
    fail("BatchNorm2d", "expected input [n, ", channels(), ", h, w], got ", shape);
}

Variable BatchNorm2d::forward_pooled(MaxPool2d& pool, const Variable& x) {
  // A plane too small for a window is the pool's to refuse, with its place.
  const bool fits = x.rank() == 4 && x.dim(2) >= 2 && x.dim(3) >= 2;
  return pool.halves() && fits ? forward_with(batch_norm_max_pool2d, x) : pool(forward(x));
}

Fused BatchNorm2d::fuse_with(Layer& next) {
  return fused<MaxPool2d>(*this, next, [](BatchNorm2d& norm, MaxPool2d& pool, const Variable& x) {
    return norm.forward_pooled(pool, x);
  });
}

// As ReLU::fuse_with has it, the ReLU may come last.
Fused BatchNorm2d::fuse_with_two(Layer& next, Layer& last) {
  return fused<ReLU, MaxPool2d>(
      *this, next, last, [](BatchNorm2d& norm, ReLU& relu, MaxPool2d& pool, const Variable& x) {
        return pool.options().dilation == 1 ? relu(norm.forward_pooled(pool, x))
                                            : pool(relu(norm.forward(x)));
      });
}

LayerNorm::LayerNorm(const Shape& shape, const LayerNormOptions& options)
    : NormLayer("LayerNorm", checked_shape("LayerNorm", shape), options.eps, options.affine),
      shape_(shape),
      options_(options) {}

LayerNorm::LayerNorm(std::int64_t size, const LayerNormOptions& options)
    : LayerNorm(Shape{size}, options) {}

Variable LayerNorm::forward(const Variable& x) {
  check_end("LayerNorm", shape_, x);
  return layer_norm(x, shape_, weight(), bias(), options_.eps);
}

RMSNorm::RMSNorm(const Shape& shape, const RMSNormOptions& options)
    : shape_(checked_shape("RMSNorm", shape)), options_(options) {
  checked_eps("RMSNorm", options.eps);
  if (options.affine == Affine::yes) weight_ = add_parameter("weight", Tensor::ones(shape));
}

RMSNorm::RMSNorm(std::int64_t size, const RMSNormOptions& options)
    : RMSNorm(Shape{size}, options) {}

Variable RMSNorm::forward(const Variable& x) {
  check_end("RMSNorm", shape_, x);
  return rms_norm(x, shape_, weight_, options_.eps);
}

GroupNorm::GroupNorm(std::int64_t groups, std::int64_t channels, const GroupNormOptions& options)
    : NormLayer("GroupNorm", {checked_channels("GroupNorm", channels)}, options.eps,
                options.affine),
      groups_(groups),
      channels_(channels),
      options_(options) {
  if (groups < 1 || channels % groups != 0)
    fail("GroupNorm", groups, " groups do not divide ", channels, " channels");
}

Variable GroupNorm::forward(const Variable& x) {
  if (x.rank() < 2 || x.dim(1) != channels_)
    fail("GroupNorm", "expected input [n, ", channels_, ", ...], got ", x.shape());
  return group_norm(x, groups_, weight(), bias(), options_.eps);
}

}  // namespace plumb::nn
