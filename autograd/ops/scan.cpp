#include "scan.hpp"

#include "../../core/kernels/scan.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "internal/linear_map.hpp"

namespace plumb {

// y[k] = sum of x[..k];  dx[k] = sum of g[k..]
Variable cumsum(const Variable& x, int axis) {
  const Profiled profiled("cumsum");
  detail::check_defined("cumsum", x);
  const int along = normalize_axis("cumsum", axis, x.rank());
  return record(
      "cumsum", kernel::cumsum(x.value(), along), {x}, [along](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& dx, Write mode) { kernel::cumsum_into(dx, mode, g, along); },
            [&](const Variable& g) {
              const auto back = [along](const Tensor& g) {
                return detail::written(g.shape(), g.dtype(), [&](Tensor& dx, Write mode) {
                  kernel::cumsum_into(dx, mode, g, along);
                });
              };
              const auto sums = [along](const Tensor& h) { return kernel::cumsum(h, along); };
              return detail::linear_map("cumsum", g, back, sums);
            });
      });
}

}  // namespace plumb
