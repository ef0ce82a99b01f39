// Elements in order along one axis.
#pragma once

#include "../variable.hpp"

namespace plumb {

// NaN counts as the largest, zeros of either sign are equal, and of equal elements the first comes
// first, in either order: results are the same for any number of threads. (PyTorch's sort is such
// with stable=True; its topk takes any of equal elements.) `axis` may count from the last. They throw
// "[sort] ..." for an axis out of range.

enum class SortOrder : std::uint8_t { ascending, descending };

/// Elements, and the places along the axis that they came from, as int64. The gradient of `values`
/// goes to those places.
struct SortResult {
  Variable values;
  Tensor indices;
};

/// All elements of an axis in order.
///
///     const auto [values, indices] = sort(x, -1, SortOrder::descending);
SortResult sort(const Variable& x, int axis = -1, SortOrder order = SortOrder::ascending);

/// The places of sort() alone: gather(x, axis, argsort(x, axis)) has the elements in order.
Tensor argsort(const Variable& x, int axis = -1, SortOrder order = SortOrder::ascending);

/// The k largest elements of an axis, the largest first; with SortOrder::ascending the k smallest,
/// the smallest first. Throws for k outside of [0, size of the axis].
SortResult topk(const Variable& x, std::int64_t k, int axis = -1,
                SortOrder order = SortOrder::descending);

}  // namespace plumb
