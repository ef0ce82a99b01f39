#include "indexing.hpp"

#include "../../core/kernels/indexing.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "internal/linear_map.hpp"

namespace plumb {

Variable detail::scattered(const Variable& g, const Shape& shape, int axis, const Tensor& index) {
  const auto put = [=, index = Saved(index)](const Tensor& g) {
    return written(shape, g.dtype(),
                   [&](Tensor& dx, Write mode) { kernel::gather_into(dx, mode, g, axis, index); });
  };
  const auto take = [axis, index = Saved(index)](const Tensor& h) {
    return kernel::gather(h, axis, index);
  };
  return linear_map("gather", g, put, take);
}

// y = x[.., index, ..];  dx[.., index, ..] = sum of the g that were taken there
Variable gather(const Variable& x, int axis, const Tensor& index) {
  const Profiled profiled("gather");
  detail::check_defined("gather", x, index);
  const int along = normalize_axis("gather", axis, x.rank());
  bool fits = index.rank() == x.rank();
  for (int i = 0; i < x.rank() && fits; ++i) fits = i == along || index.shape()[i] <= x.shape()[i];
  if (!fits)
    fail("gather", "an index of shape ", index.shape(), " does not fit into ", x.shape(),
         " beside axis ", along);
  kernel::check_indices("gather", index, x.dim(along));
  return record(
      "gather", kernel::gather(x.value(), along, index), {x},
      [along, index = Saved(index)](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& dx, Write mode) { kernel::gather_into(dx, mode, g, along, index); },
            [&](const Variable& g) { return detail::scattered(g, to.shape(0), along, index); });
      });
}

// y = x[.., index, ..];  dx[.., index, ..] = sum of the g that were taken there
Variable index_select(const Variable& x, int axis, const Tensor& index) {
  const Profiled profiled("index_select");
  detail::check_defined("index_select", x, index);
  const int along = normalize_axis("index_select", axis, x.rank());
  if (index.rank() != 1)
    fail("index_select", "the index must have rank 1, got shape ", index.shape());
  kernel::check_indices("index_select", index, x.dim(along));
  return record(
      "index_select", kernel::index_select(x.value(), along, index), {x},
      [along, index = Saved(index)](const Tensor& g, Gradients& to) {
        to.write(
            0,
            [&](Tensor& dx, Write mode) { kernel::index_select_into(dx, mode, g, along, index); },
            [&](const Variable& g) {
              const auto put = [=, shape = to.shape(0), index = index](const Tensor& g) {
                return detail::written(shape, g.dtype(), [&](Tensor& dx, Write mode) {
                  kernel::index_select_into(dx, mode, g, along, index);
                });
              };
              const auto take = [along, index = index](const Tensor& h) {
                return kernel::index_select(h, along, index);
              };
              return detail::linear_map("index_select", g, put, take);
            });
      });
}

}  // namespace plumb
