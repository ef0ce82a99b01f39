#include "micro_batches.hpp"

#include <algorithm>

#include "../core/runtime/internal/fail.hpp"

namespace plumb::data {

std::vector<Batch> micro_batches(const Batch& batch, std::int64_t size) {
  if (size < 1) fail("micro_batches", "size must be at least 1, got ", size);
  const auto part = [](const Tensor& x, std::int64_t begin, std::int64_t end) {
    return x.defined() ? x.rows(begin, end) : Tensor();
  };
  std::vector<Batch> parts;
  const std::int64_t samples = batch.x.dim(0);
  for (std::int64_t begin = 0; begin < samples; begin += size) {
    const std::int64_t end = std::min(begin + size, samples);
    parts.push_back(
        {part(batch.x, begin, end), part(batch.y, begin, end), part(batch.lengths, begin, end)});
  }
  return parts;
}

}  // namespace plumb::data
