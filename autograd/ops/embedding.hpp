// Rows of a table looked up by class: words, characters, levels of a category.
#pragma once

#include <optional>

#include "../variable.hpp"

namespace plumb {

/// y = weight[ids]: for a weight [v, d] and ids [...] of int64 in [0, v) a result [..., d].
///
/// The gradient of the weight has a row for each class, 0 for those that no id names; where ids
/// repeat, it is added in their order, whatever the number of threads. The row `padding` gets none,
/// as in PyTorch: it stays what it is.
///
/// Throws "[embedding] index 70 at element 3 is out of range [0, 65)" before anything is read.
Variable embedding(const Variable& weight, const Tensor& ids,
                   std::optional<std::int64_t> padding = {});

}  // namespace plumb
