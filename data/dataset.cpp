#include "dataset.hpp"

#include "../core/runtime/error.hpp"

namespace plumb::data {

void Indices::check(std::string_view operation, std::int64_t samples) const {
  for (const std::int64_t index : *this)
    if (index < 0 || index >= samples)
      fail(operation, "sample ", index, " is out of range [0, ", samples, ")");
}

Batch Dataset::gather_in_epoch(Indices indices, std::int64_t) const { return gather(indices); }

}  // namespace plumb::data
