#include "interpolate.hpp"

#include <algorithm>
#include <utility>

#include "../../core/kernels/interpolate.hpp"
#include "../../core/kernels/remap.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "internal/record_empty.hpp"
#include "internal/remapped_back.hpp"

namespace plumb {
namespace {

// Sizes whose products with one another do not overflow.
constexpr std::int64_t side_limit = std::int64_t{1} << 31;

void check_input(const char* operation, const Variable& x, const InterpolateOptions& options) {
  detail::check_defined(operation, x);
  if (x.rank() != 3 && x.rank() != 4)
    fail(operation, "expected input [n, c, l] or [n, c, h, w], got ", x.shape());
  for (int axis = 2; axis < x.rank(); ++axis)
    if (x.dim(axis) < 1 || x.dim(axis) >= side_limit)
      fail(operation, "expected sizes in [1, 2^31) behind n and c, got ", x.shape());
  if (options.mode == Interpolation::linear && !is_floating(x.dtype()))
    fail(operation, "linear takes float32 or float64, got ", x.dtype());
  if (options.mode == Interpolation::nearest && options.align_corners == AlignCorners::yes)
    fail(operation, "align_corners is for Interpolation::linear");
}

// A number for each axis; the only side of a signal is its width.
void check_sizes(const char* operation, const char* name, const Variable& x, const Size2d& size) {
  if (x.rank() == 3 && size.height != size.width)
    fail(operation, "a signal ", x.shape(), " takes one ", name, ", got ", size);
  if (size.height < 1 || size.width < 1 || size.height >= side_limit || size.width >= side_limit)
    fail(operation, "the ", name, " must be in [1, 2^31), got ", size);
}

kernel::AxisTable nearest_table(std::int64_t in, std::int64_t out) {
  kernel::AxisTable table;
  for (std::int64_t i = 0; i < out; ++i) table.push_back(i * in / out);
  return table;
}

std::vector<kernel::Sample> samples_of(std::int64_t in, std::int64_t out, AlignCorners align) {
  std::vector<kernel::Sample> samples;
  for (std::int64_t i = 0; i < out; ++i) {
    // Both numerators are whole: what lies on an element has a share of 0.
    const std::int64_t below =
        align == AlignCorners::yes ? std::max<std::int64_t>(out - 1, 1) : 2 * out;
    const std::int64_t above = align == AlignCorners::yes
                                   ? i * (in - 1)
                                   : std::max<std::int64_t>((2 * i + 1) * in - out, 0);
    const std::int64_t first = std::min(above / below, in - 1);
    const std::int64_t second = std::min(first + 1, in - 1);
    const double share =
        second == first ? 0 : static_cast<double>(above % below) / static_cast<double>(below);
    samples.push_back({first, second, share});
  }
  return samples;
}

// y = the nearest of x;  dx = the sum of g over the places where each element stands
Variable nearest(const char* operation, const Variable& x, const Shape& shape) {
  Tensor y = Tensor::empty(shape, x.dtype());  // first: it says how large it would be
  kernel::AxisTables tables(static_cast<std::size_t>(x.rank()));
  for (int axis = 2; axis < x.rank(); ++axis)
    tables[static_cast<std::size_t>(axis)] = nearest_table(x.dim(axis), shape[axis]);
  kernel::remap(y, x.value(), tables);
  return record(operation, std::move(y), {x},
                [operation, tables = std::move(tables)](const Tensor& g, Gradients& to) {
                  to.write(
                      0, [&](Tensor& dx, Write mode) { kernel::remap_into(dx, mode, g, tables); },
                      [&](const Variable& g) {
                        return detail::remapped_back(operation, g, to.shape(0), tables);
                      });
                });
}

// The gradient of linear_between, of `shape`.
Variable shared(const char* operation, const Variable& g, const Shape& shape,
                const kernel::PlaneSamples& samples) {
  const auto back = [=](const Tensor& g) {
    return detail::written(shape, g.dtype(), [&](Tensor& dx, Write mode) {
      kernel::interpolate_into(dx, mode, g, samples);
    });
  };
  const auto between = [size = g.shape(), samples](const Tensor& h) {
    Tensor y = Tensor::empty(size, h.dtype());
    kernel::interpolate(y, h, samples);
    return y;
  };
  return detail::linear_map(operation, g, back, between);
}

// y = sum of shares times x;  dx = sum of the same shares times g
Variable linear_between(const char* operation, const Variable& x, const Shape& shape,
                        AlignCorners align) {
  Tensor y = Tensor::empty(shape, x.dtype());
  const std::int64_t height = x.rank() == 4 ? x.dim(2) : 1;
  const std::int64_t out_height = x.rank() == 4 ? shape[2] : 1;
  kernel::PlaneSamples samples{height, x.dim(-1), samples_of(height, out_height, align),
                               samples_of(x.dim(-1), shape.back(), align)};
  kernel::interpolate(y, x.value(), samples);
  return record(
      operation, std::move(y), {x},
      [operation, samples = std::move(samples)](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& dx, Write mode) { kernel::interpolate_into(dx, mode, g, samples); },
            [&](const Variable& g) { return shared(operation, g, to.shape(0), samples); });
      });
}

Variable resized(const char* operation, const Variable& x, const Size2d& size,
                 const InterpolateOptions& options) {
  const Profiled profiled(operation);
  Shape shape = {x.dim(0), x.dim(1)};
  if (x.rank() == 4) shape.push_back(size.height);
  shape.push_back(size.width);
  if (shape.numel() == 0) return detail::record_empty(operation, x, shape);
  if (options.mode == Interpolation::nearest) return nearest(operation, x, shape);
  return linear_between(operation, x, shape, options.align_corners);
}

}  // namespace

Variable interpolate(const Variable& x, const Size2d& size, const InterpolateOptions& options) {
  check_input("interpolate", x, options);
  check_sizes("interpolate", "size", x, size);
  return resized("interpolate", x, size, options);
}

Variable upsample(const Variable& x, const Size2d& factor, const InterpolateOptions& options) {
  check_input("upsample", x, options);
  check_sizes("upsample", "factor", x, factor);
  const Size2d size(x.dim(2) * factor.height, x.dim(-1) * factor.width);
  if (size.height >= side_limit || size.width >= side_limit)
    fail("upsample", "the sizes of the result must be below 2^31, got ", size);
  return resized("upsample", x, size, options);
}

}  // namespace plumb
