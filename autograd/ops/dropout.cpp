#include "dropout.hpp"

#include "../../core/kernels/dropout.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "internal/linear_map.hpp"

namespace plumb {
namespace {

Variable dropped(const Variable& g, const Tensor& mask, double scale) {
  const auto drop = [mask, scale](const Tensor& g) {
    return detail::written(g.shape(), g.dtype(), [&](Tensor& dx, Write mode) {
      kernel::dropout_into(dx, mode, g, mask, scale);
    });
  };
  return detail::linear_map("dropout", g, drop, drop);
}

}  // namespace

// y = x m / (1 - p) for a mask m of 0 and 1;  dx = g m / (1 - p)
Variable dropout(const Variable& x, double p, Generator& generator) {
  const Profiled profiled("dropout");
  detail::check_defined("dropout", x);
  if (!(p >= 0 && p <= 1)) fail("dropout", "p must be in [0, 1], got ", p);
  if (!is_floating(x.dtype())) fail("dropout", "expected float32 or float64, got ", x.dtype());
  if (p == 0) return x;
  const double scale = 1 / (1 - p);
  Tensor mask = Tensor::empty(x.shape(), DType::uint8);
  Variable y = record(
      "dropout", kernel::dropout(x.value(), p, scale, generator, mask), {x},
      [mask, scale](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& dx, Write mode) { kernel::dropout_into(dx, mode, g, mask, scale); },
            [&](const Variable& g) { return dropped(g, mask, scale); });
      });
  generator.set_position(generator.position() + kernel::dropout_blocks(x.numel()));
  return y;
}

}  // namespace plumb
