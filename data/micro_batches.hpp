// micro_batches: a batch cut into smaller ones, for steps whose graph would not fit in memory.
#pragma once

#include <vector>

#include "dataset.hpp"

namespace plumb::data {

/// Samples [0, size), [size, 2 size), ... of the batch; the last part may be smaller, and an empty
/// batch gives none. The parts share the batch's memory. Throws unless size is at least 1. See
/// GradientAccumulation.
std::vector<Batch> micro_batches(const Batch& batch, std::int64_t size);

}  // namespace plumb::data
