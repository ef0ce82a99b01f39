#include "sort.hpp"

#include <utility>

#include "../../core/kernels/indexing.hpp"
#include "../../core/kernels/sort.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "internal/linear_map.hpp"

namespace plumb {
namespace {

// y[k] = x[index[k]];  dx[index[k]] = g[k]
SortResult first_of(const char* operation, const Variable& x, int axis, std::int64_t count,
                    SortOrder order) {
  kernel::Sorted sorted = kernel::sorted(x.value(), axis, count, order == SortOrder::descending);
  Variable values = record(
      operation, std::move(sorted.values), {x},
      [axis, index = Saved(sorted.indices)](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& dx, Write mode) { kernel::gather_into(dx, mode, g, axis, index); },
            [&](const Variable& g) { return detail::scattered(g, to.shape(0), axis, index); });
      });
  return {std::move(values), std::move(sorted.indices)};
}

}  // namespace

SortResult sort(const Variable& x, int axis, SortOrder order) {
  const Profiled profiled("sort");
  detail::check_defined("sort", x);
  const int along = normalize_axis("sort", axis, x.rank());
  return first_of("sort", x, along, x.dim(along), order);
}

Tensor argsort(const Variable& x, int axis, SortOrder order) {
  const Profiled profiled("argsort");
  detail::check_defined("argsort", x);
  const int along = normalize_axis("argsort", axis, x.rank());
  return kernel::sorted(x.value(), along, x.dim(along), order == SortOrder::descending).indices;
}

SortResult topk(const Variable& x, std::int64_t k, int axis, SortOrder order) {
  const Profiled profiled("topk");
  detail::check_defined("topk", x);
  const int along = normalize_axis("topk", axis, x.rank());
  if (k < 0 || k > x.dim(along)) fail("topk", "k must be in [0, ", x.dim(along), "], got ", k);
  return first_of("topk", x, along, k, order);
}

}  // namespace plumb
