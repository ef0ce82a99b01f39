#include "softmax.hpp"

#include "../../core/kernels/softmax.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "../record.hpp"
#include "arithmetic.hpp"
#include "math.hpp"
#include "reduction.hpp"

namespace plumb {

// y = e^x / sum e^x;  dx = y (g - sum g y)
Variable softmax(const Variable& x, int axis) {
  const Profiled profiled("softmax");
  detail::check_defined("softmax", x);
  const int along = normalize_axis("softmax", axis, x.rank());
  Tensor y = kernel::softmax(x.value(), along);
  return record("softmax", y, {x}, [y = Saved(y), along](const Tensor& g, Gradients& to) {
    to.write(
        0, [&](Tensor& dx, Write mode) { kernel::softmax_into(dx, mode, g, y, along); },
        [&](const Variable& g) {
          const Variable p = to.result(y);
          return p * (g - sum(g * p, along, KeepDims::yes));
        });
  });
}

// y = x - log sum e^x;  dx = g - e^y sum g
Variable log_softmax(const Variable& x, int axis) {
  const Profiled profiled("log_softmax");
  detail::check_defined("log_softmax", x);
  const int along = normalize_axis("log_softmax", axis, x.rank());
  Tensor y = kernel::log_softmax(x.value(), along);
  return record("log_softmax", y, {x}, [y = Saved(y), along](const Tensor& g, Gradients& to) {
    to.write(
        0, [&](Tensor& dx, Write mode) { kernel::log_softmax_into(dx, mode, g, y, along); },
        [&](const Variable& g) { return g - exp(to.result(y)) * sum(g, along, KeepDims::yes); });
  });
}

}  // namespace plumb
