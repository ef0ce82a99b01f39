// Batch norms by the batch alone and by given statistics.
#pragma once

#include <plumb/autograd/ops/batch_norm.hpp>

namespace plumb::test {

inline RunningStatistics fresh(std::int64_t channels, DType dtype = DType::float64) {
  return {Tensor::zeros({channels}, dtype), Tensor::ones({channels}, dtype)};
}

// By the batch, tracking nothing.
inline Variable by_batch(const Variable& x, const Variable& weight = Variable(),
                         const Variable& bias = Variable(), double eps = 1e-5) {
  RunningStatistics none;
  return batch_norm(none, x, weight, bias, NormalizeBy::batch, 0.1, eps);
}

inline Variable by_running(RunningStatistics running, const Variable& x, const Variable& weight,
                           const Variable& bias) {
  return batch_norm(running, x, weight, bias, NormalizeBy::running);
}

}  // namespace plumb::test
