#include "log_mel.hpp"

#include "../autograd/ops/arithmetic.hpp"
#include "../autograd/ops/convolution.hpp"
#include "../autograd/ops/math.hpp"
#include "../autograd/ops/matmul.hpp"
#include "../autograd/ops/shape.hpp"
#include "../core/runtime/internal/fail.hpp"

namespace plumb::nn {

Variable LogMel::forward(const Variable& x) {
  if (x.rank() != 2) fail("LogMel", "expected sounds [n, samples], got ", x.shape());
  const LogMelOptions& options = mel_.options();
  const plumb::LogMel::Matrices& with = mel_.matrices(x.dtype());
  const std::int64_t n = x.dim(0), frames = mel_.frames(x.dim(1)), bins = with.triangles.dim(1);
  if (frames == 0 || n == 0) return Tensor::zeros({n, frames, mel_.features()}, x.dtype());

  const std::int64_t behind = (frames - 1) * options.hop + options.window - x.dim(1);
  Variable padded = x;
  if (behind > 0) padded = concat({x, Tensor::zeros({n, behind}, x.dtype())}, 1);
  Conv1dOptions every_hop;
  every_hop.stride = options.hop;
  const Variable parts =
      conv1d(reshape(padded, {n, 1, -1}), with.fourier.reshape({2 * bins, 1, options.window}),
             Variable(), every_hop);
  const Variable real = slice(parts, 1, 0, bins), imaginary = slice(parts, 1, bins);
  const Variable power = permute(real * real + imaginary * imaginary, {0, 2, 1});
  const Variable bands = log(linear(power, with.triangles) + options.floor);
  return with.cosines.defined() ? linear(bands, with.cosines) : bands;
}

}  // namespace plumb::nn
