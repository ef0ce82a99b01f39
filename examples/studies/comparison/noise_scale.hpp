// How noisy gradients are: the batch size from which larger batches stop paying.
#pragma once

#include <cstdint>

#include "task.hpp"

namespace comparison {

/// The two-batch estimate of McCandlish et al. 2018, "An empirical model of large-batch training",
/// appendix A.1, at the model's present weights.
struct NoiseScale {
  double gradient = 0;  ///< |G|^2, the squared norm of the true gradient; can be below 0 by chance.
  double noise = 0;     ///< The trace of the covariance of one sample's gradient.
  /// Their quotient, "B_simple": batches far below it waste steps, far above it samples. Infinite
  /// where the gradient is lost in the noise.
  double samples() const;
};

struct NoiseOptions {
  std::int64_t small = 64;   ///< Samples in a small batch.
  std::int64_t parts = 16;   ///< Small batches in a large one: >= 2.
  std::int64_t repeats = 8;  ///< Large batches, over which both terms are averaged.
  std::uint64_t seed = 0;    ///< Of the samples, which are drawn with replacement.
};

/// Forgets the gradients that the model has, and leaves none.
NoiseScale measure_noise(const Task& task, plumb::nn::Layer& model,
                         const NoiseOptions& options = {});

/// Bytes that one sample takes in a training step, about: its input, and the value and the gradient
/// of what each layer of the model makes of it.
std::int64_t bytes_per_sample(const Task& task, plumb::nn::Layer& model);

}  // namespace comparison
