#include "padding.hpp"

#include <algorithm>
#include <utility>

#include "../../core/kernels/remap.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "internal/linear_map.hpp"
#include "internal/listed.hpp"
#include "internal/record_empty.hpp"
#include "internal/remapped_back.hpp"

namespace plumb {
namespace {

// How many elements are added at either end of an axis.
struct Ends {
  std::int64_t before = 0, behind = 0;
  bool none() const { return before == 0 && behind == 0; }
};

void check_axis(const Shape& shape, int axis, const Ends& ends, PadMode mode) {
  const std::int64_t size = shape[axis];
  if (mode == PadMode::reflect &&
      std::max(ends.before, ends.behind) >= std::max<std::int64_t>(size, 1))
    fail("pad", "reflect takes amounts below the size of the axis, got {", ends.before, ", ",
         ends.behind, "} along axis ", axis, " of ", shape);
  if (mode == PadMode::replicate && size == 0 && !ends.none())
    fail("pad", "there is nothing to replicate along axis ", axis, " of ", shape);
}

// The shape of the result; fills in what each axis of x gets.
Shape padded_shape(const Shape& shape, const std::vector<std::int64_t>& amounts, PadMode mode,
                   std::vector<Ends>& ends) {
  if (amounts.size() % 2 != 0 || amounts.size() / 2 > static_cast<std::size_t>(shape.rank()))
    fail("pad", "expected a pair of amounts for each of up to ", shape.rank(), " axes of ", shape,
         ", the last one first, got ", detail::listed(amounts));
  Shape result = shape;
  for (std::size_t i = 0; i < amounts.size(); i += 2) {
    const int axis = shape.rank() - 1 - static_cast<int>(i / 2);
    const Ends own = {amounts[i], amounts[i + 1]};
    std::int64_t& size = result[axis];
    const std::int64_t all = -size;  // more cannot be cut off at one end, whatever the other gets
    if (own.before < all || own.behind < all || __builtin_add_overflow(size, own.before, &size) ||
        __builtin_add_overflow(size, own.behind, &size) || size < 0)
      fail("pad", "amounts ", own.before, " and ", own.behind, " do not fit axis ", axis, " of ",
           shape);
    check_axis(shape, axis, own, mode);
    ends[static_cast<std::size_t>(axis)] = own;
  }
  return result;
}

// Which element of an axis of `size` stands at `position` of its endless continuation.
std::int64_t source_of(std::int64_t position, std::int64_t size, PadMode mode) {
  if (position >= 0 && position < size) return position;
  if (mode == PadMode::constant) return kernel::no_source;
  if (mode == PadMode::replicate) return position < 0 ? 0 : size - 1;
  return position < 0 ? -position : 2 * (size - 1) - position;
}

// The tables that lead from axes of `from` to those of `to`, shifted by what stands before them.
kernel::AxisTables tables_for(const Shape& from, const Shape& to, const std::vector<Ends>& ends,
                              PadMode mode, int sign) {
  kernel::AxisTables tables(ends.size());
  for (std::size_t axis = 0; axis < ends.size(); ++axis) {
    if (ends[axis].none()) continue;
    const std::int64_t size = from[static_cast<int>(axis)];
    for (std::int64_t i = 0; i < to[static_cast<int>(axis)]; ++i)
      tables[axis].push_back(source_of(i - sign * ends[axis].before, size, mode));
  }
  return tables;
}

auto remapped_to(const Shape& shape, kernel::AxisTables tables) {
  return [shape, tables = std::move(tables)](const Tensor& x) {
    Tensor y = Tensor::empty(shape, x.dtype());
    kernel::remap(y, x, tables);
    return y;
  };
}

// y = x between the value;  dx = its part of g
Variable with_border(const Variable& x, const Shape& shape, const std::vector<Ends>& ends,
                     double value) {
  const Shape own = x.shape();
  Tensor y = Tensor::empty(shape, x.dtype());  // first: it says how large it would be
  kernel::remap(y, x.value(), tables_for(own, shape, ends, PadMode::constant, 1), value);
  return record("pad", std::move(y), {x}, [own, shape, ends](const Tensor& g, Gradients& to) {
    if (!to.needs(0)) return;
    const auto part = remapped_to(own, tables_for(shape, own, ends, PadMode::constant, -1));
    if (!to.recorded()) return to.give(0, part(g));
    const auto bordered = remapped_to(shape, tables_for(own, shape, ends, PadMode::constant, 1));
    to.give(0, detail::linear_map("pad", to.gradient(g), part, bordered));
  });
}

// y = x continued;  dx = the sum of g over the places where each element stands
Variable continued(const Variable& x, const Shape& shape, const std::vector<Ends>& ends,
                   PadMode mode) {
  Tensor y = Tensor::empty(shape, x.dtype());
  auto tables = tables_for(x.shape(), shape, ends, mode, 1);
  kernel::remap(y, x.value(), tables);
  return record("pad", std::move(y), {x},
                [tables = std::move(tables)](const Tensor& g, Gradients& to) {
                  to.write(
                      0, [&](Tensor& dx, Write mode) { kernel::remap_into(dx, mode, g, tables); },
                      [&](const Variable& g) {
                        return detail::remapped_back("pad", g, to.shape(0), tables);
                      });
                });
}

}  // namespace

Variable pad(const Variable& x, const std::vector<std::int64_t>& amounts, PadMode mode,
             double value) {
  const Profiled profiled("pad");
  detail::check_defined("pad", x);
  std::vector<Ends> ends(static_cast<std::size_t>(x.rank()));
  const Shape shape = padded_shape(x.shape(), amounts, mode, ends);
  if (mode == PadMode::constant) check_number("pad", value, x.dtype());
  if (shape.numel() == 0) return detail::record_empty("pad", x, shape);
  if (mode != PadMode::constant) return continued(x, shape, ends, mode);
  return with_border(x, shape, ends, value);
}

}  // namespace plumb
