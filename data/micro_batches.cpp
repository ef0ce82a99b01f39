#include "micro_batches.hpp"

#include <algorithm>

#include "../core/runtime/internal/fail.hpp"

namespace plumb::data {

std::vector<Batch> micro_batches(const Batch& batch, std::int64_t size) {
  if (size < 1) fail("micro_batches", "size must be at least 1, got ", size);
  std::vector<Batch> parts;
  const std::int64_t samples = batch.x.dim(0);
  for (std::int64_t begin = 0; begin < samples; begin += size)
    parts.push_back(batch.rows(batch.first + begin, batch.first + std::min(begin + size, samples)));
  return parts;
}

}  // namespace plumb::data
