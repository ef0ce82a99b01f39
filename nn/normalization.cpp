#include "normalization.hpp"

#include <cmath>

#include "../autograd/ops/normalization.hpp"
#include "../core/runtime/error.hpp"

namespace plumb::nn {

BatchNorm::BatchNorm(const char* name, std::int64_t channels, const BatchNormOptions& options)
    : channels_(channels), options_(options) {
  if (channels < 0) fail(name, "the number of channels must not be negative, got ", channels);
  if (!(options.eps >= 0 && std::isfinite(options.eps)))
    fail(name, "eps must be in [0, inf), got ", options.eps);
  const double momentum = options.momentum.value_or(0);
  if (!(momentum >= 0 && momentum <= 1)) fail(name, "momentum must be in [0, 1], got ", momentum);
  if (options.affine == Affine::yes) {
    weight_ = add_parameter("weight", Tensor::ones({channels}));
    bias_ = add_parameter("bias", Tensor::zeros({channels}));
  }
  if (options.track == TrackStatistics::yes) {
    running_mean_ = add_buffer("running_mean", Tensor::zeros({channels}));
    running_var_ = add_buffer("running_var", Tensor::ones({channels}));
    num_batches_tracked_ = add_buffer("num_batches_tracked", Tensor::zeros({}, DType::int64));
  }
}

std::int64_t BatchNorm::num_batches_tracked() const {
  return num_batches_tracked_.defined() ? num_batches_tracked_.item<std::int64_t>() : 0;
}

Variable BatchNorm::forward(const Variable& x) {
  check_input(x.shape());
  RunningStatistics running;
  const bool tracks = running_mean_.defined();
  if (tracks) running = {running_mean_.value(), running_var_.value()};
  if (!training()) {
    const NormalizeBy by = tracks ? NormalizeBy::running : NormalizeBy::batch;
    return batch_norm(running, x, weight_, bias_, by, 0, options_.eps);
  }
  const std::int64_t batches = num_batches_tracked() + 1;
  const double momentum = options_.momentum.value_or(1 / static_cast<double>(batches));
  Variable y = batch_norm(running, x, weight_, bias_, NormalizeBy::batch, momentum, options_.eps);
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

}  // namespace plumb::nn
