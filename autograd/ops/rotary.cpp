#include "rotary.hpp"

#include <cmath>

#include "../../core/kernels/rotary.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "internal/linear_map.hpp"

namespace plumb {
namespace {

auto turned_by(const Tensor& angles, const kernel::Rotation& rotation) {
  return [angles = Saved(angles), rotation](const Tensor& x) {
    return detail::written(x.shape(), x.dtype(), [&](Tensor& y, Write mode) {
      kernel::rotate(y, mode, x, angles, rotation);
    });
  };
}

}  // namespace

Tensor rotary_angles(std::int64_t steps, std::int64_t size, double base, DType dtype) {
  if (steps < 0 || size < 0 || size % 2 != 0)
    fail("rotary_angles", "expected steps >= 0 and an even size, got ", steps, " and ", size);
  if (!(base > 0 && std::isfinite(base)))
    fail("rotary_angles", "base must be in (0, inf), got ", base);
  const std::int64_t pairs = size / 2;
  Tensor angles = Tensor::empty({2, steps, pairs}, DType::float64);
  double* cosines = angles.mutable_data<double>();
  double* sines = cosines + steps * pairs;
  for (std::int64_t step = 0; step < steps; ++step)
    for (std::int64_t i = 0; i < pairs; ++i) {
      const double speed = std::pow(base, -2 * static_cast<double>(i) / static_cast<double>(size));
      const double angle = static_cast<double>(step) * speed;
      cosines[step * pairs + i] = std::cos(angle);
      sines[step * pairs + i] = std::sin(angle);
    }
  return angles.to(dtype);
}

// y = R x for the turn R of each step;  dx = R^T g
Variable rotary(const Variable& x, const Tensor& angles, RotaryLayout layout,
                std::optional<std::int64_t> rotated) {
  const Profiled profiled("rotary");
  detail::check_defined("rotary", x, angles);
  if (!is_floating(x.dtype())) fail("rotary", "expected float32 or float64, got ", x.dtype());
  if (angles.rank() != 3 || angles.dim(0) != 2 || angles.dtype() != x.dtype())
    fail("rotary", "expected angles [2, steps, d / 2] of ", x.dtype(), ", got ", angles.shape(),
         " of ", angles.dtype());
  if (x.rank() < 2) fail("rotary", "expected [..., steps, columns], got ", x.shape());
  const std::int64_t steps = x.dim(-2), columns = x.dim(-1), size = 2 * angles.dim(2);
  const std::int64_t turned = rotated.value_or(columns);
  if (steps > angles.dim(1))
    fail("rotary", "there are angles for ", angles.dim(1), " steps, got ", x.shape());
  if (turned < 0 || turned > columns || (turned > 0 && (size == 0 || turned % size != 0)))
    fail("rotary", turned, " columns of ", x.shape(), " are no heads of ", size);
  const kernel::Rotation rotation{steps, size, turned, layout == RotaryLayout::interleaved, false};
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  kernel::rotate(y, Write::overwrite, x.value(), angles, rotation);
  return record("rotary", std::move(y), {x},
                [angles = Saved(angles), rotation](const Tensor& g, Gradients& to) {
                  kernel::Rotation back = rotation;
                  back.backwards = true;
                  to.write(
                      0, [&](Tensor& dx, Write mode) { kernel::rotate(dx, mode, g, angles, back); },
                      [&](const Variable& g) {
                        return detail::linear_map("rotary", g, turned_by(angles, back),
                                                  turned_by(angles, rotation));
                      });
                });
}

}  // namespace plumb
