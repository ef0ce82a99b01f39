#include "indexing.hpp"

#include "../../core/kernels/indexing.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../record.hpp"

namespace plumb {

// y = x[.., index, ..];  dx[.., index, ..] = sum of the g that were taken there
Variable gather(const Variable& x, int axis, const Tensor& index) {
  const Profiled profiled("gather");
  const int along = normalize_axis("gather", axis, x.rank());
  bool fits = index.rank() == x.rank();
  for (int i = 0; i < x.rank() && fits; ++i) fits = i == along || index.shape()[i] <= x.shape()[i];
  if (!fits)
    fail("gather", "an index of shape ", index.shape(), " does not fit into ", x.shape(),
         " beside axis ", along);
  kernel::check_indices("gather", index, x.dim(along));
  return record("gather", kernel::gather(x.value(), along, index), {x},
                [along, index = Saved(index)](const Tensor& g, Gradients& to) {
                  to.write(0, [&](Tensor& dx, Write mode) {
                    kernel::gather_into(dx, mode, g, along, index);
                  });
                });
}

// y = x[.., index, ..];  dx[.., index, ..] = sum of the g that were taken there
Variable index_select(const Variable& x, int axis, const Tensor& index) {
  const Profiled profiled("index_select");
  const int along = normalize_axis("index_select", axis, x.rank());
  if (index.rank() != 1)
    fail("index_select", "the index must have rank 1, got shape ", index.shape());
  kernel::check_indices("index_select", index, x.dim(along));
  return record("index_select", kernel::index_select(x.value(), along, index), {x},
                [along, index = Saved(index)](const Tensor& g, Gradients& to) {
                  to.write(0, [&](Tensor& dx, Write mode) {
                    kernel::index_select_into(dx, mode, g, along, index);
                  });
                });
}

}  // namespace plumb
