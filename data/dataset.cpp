#include "dataset.hpp"

#include <numeric>

#include "../core/runtime/internal/fail.hpp"

namespace plumb::data {

void Indices::check(std::string_view operation, std::int64_t samples) const {
  for (const std::int64_t index : *this)
    if (index < 0 || index >= samples)
      fail(operation, "sample ", index, " is out of range [0, ", samples, ")");
}

std::vector<std::int64_t> all_indices(std::int64_t samples) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(samples));
  std::iota(indices.begin(), indices.end(), std::int64_t{0});
  return indices;
}

Batch Dataset::gather_in_epoch(Indices indices, std::int64_t) const { return gather(indices); }

}  // namespace plumb::data
