#include "shape.hpp"

#include <algorithm>
#include <utility>

#include "../../core/kernels/layout.hpp"
#include "../../core/kernels/reduce.hpp"
#include "../../core/kernels/remap.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "internal/linear_map.hpp"
#include "internal/listed.hpp"

namespace plumb {
namespace {

// y = x in another shape;  dx = g in the shape of x
Variable reshaped(const char* operation, const Variable& x, const Shape& shape) {
  const Profiled profiled(operation);
  detail::check_defined(operation, x);
  return record(operation, x.value().reshape(shape), {x},
                [shape = x.shape()](const Tensor& g, Gradients& to) {
                  if (to.recorded()) return to.give(0, reshape(to.gradient(g), shape));
                  to.give(0, g.reshape(shape));
                });
}

// y = x with its axes in another order;  dx = g with its axes put back
Variable permuted(const char* operation, const Variable& x, const Axes& order) {
  const Profiled profiled(operation);
  Axes back = order;
  for (int i = 0; i < order.size(); ++i) back[order[i]] = i;
  return record(operation, kernel::permuted(x.value(), order), {x},
                [back](const Tensor& g, Gradients& to) {
                  if (to.recorded()) return to.give(0, permute(to.gradient(g), back));
                  if (to.needs(0)) to.give(0, kernel::permuted(g, back));
                });
}

// A position at or between the elements of an axis, as Python reads it.
std::int64_t clamp_position(std::int64_t position, std::int64_t size) {
  if (position < 0) position += size;
  return std::clamp<std::int64_t>(position, 0, size);
}

// Part of an axis; along axis 0 it shares memory.
Tensor part_of(const Tensor& x, int axis, std::int64_t begin, std::int64_t count) {
  if (axis == 0) return x.rows(begin, begin + count);
  return kernel::slice(x, axis, begin, count, 1);
}

// g as elements begin, begin + step, ... of an axis of a tensor of `shape`, 0 elsewhere.
Variable spread(const Variable& g, const Shape& shape, int axis, std::int64_t begin,
                std::int64_t step) {
  const std::int64_t count = g.dim(axis);
  const auto place = [=](const Tensor& g) {
    return detail::written(shape, g.dtype(), [&](Tensor& dx, Write mode) {
      kernel::slice_into(dx, mode, g, axis, begin, step);
    });
  };
  const auto read = [=](const Tensor& h) { return kernel::slice(h, axis, begin, count, step); };
  return detail::linear_map("slice", g, place, read);
}

void check_parts(const char* operation, const std::vector<Variable>& parts) {
  if (parts.empty()) fail(operation, "there is nothing to join");
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (!parts[i].defined()) fail(operation, "part ", std::uint64_t{i}, " is undefined");
}

void check_same(const char* operation, const std::vector<Variable>& parts, int free_axis) {
  const Variable& first = parts.front();
  for (const Variable& part : parts) {
    detail::check_same_dtype(operation, first.dtype(), part.dtype());
    Shape shape = part.shape();
    if (shape.rank() == first.rank() && free_axis >= 0) shape[free_axis] = first.dim(free_axis);
    if (shape != first.shape())
      fail(operation, "shapes differ", free_axis < 0 ? text() : text(" beyond axis ", free_axis),
           ": ", first.shape(), " and ", part.shape());
  }
}

Shape with_axis(const Shape& shape, int axis) {
  Shape result;
  for (int i = 0; i <= shape.rank(); ++i) {
    if (i == axis) result.push_back(1);
    if (i < shape.rank()) result.push_back(shape[i]);
  }
  return result;
}

[[noreturn]] void refuse_sizes(const Variable& x, int axis,
                               const std::vector<std::int64_t>& sizes) {
  fail("split", "sizes ", detail::listed(sizes), " do not make up axis ", axis, " of ", x.shape());
}

}  // namespace

Variable reshape(const Variable& x, const Shape& shape) { return reshaped("reshape", x, shape); }

Variable Variable::reshape(const Shape& shape) const { return plumb::reshape(*this, shape); }

// y = x[begin:end], or x[i] without its axis;  dx = g there, 0 elsewhere
Variable Variable::rows(std::int64_t begin, std::int64_t end) const {
  const Profiled profiled("rows");
  detail::check_defined("rows", *this);
  return record("rows", value().rows(begin, end), {*this}, [begin](const Tensor& g, Gradients& to) {
    to.write(
        0, [&](Tensor& dx, Write mode) { kernel::slice_into(dx, mode, g, 0, begin, 1); },
        [&](const Variable& g) { return spread(g, to.shape(0), 0, begin, 1); });
  });
}

Variable Variable::operator[](std::int64_t i) const {
  const Profiled profiled("operator[]");
  detail::check_defined("operator[]", *this);
  Tensor y = value()[i];
  Shape row = {1};
  for (const std::int64_t size : y.shape()) row.push_back(size);
  const std::int64_t at = i < 0 ? i + dim(0) : i;
  return record("operator[]", std::move(y), {*this}, [at, row](const Tensor& g, Gradients& to) {
    to.write(
        0, [&](Tensor& dx, Write mode) { kernel::slice_into(dx, mode, g.reshape(row), 0, at, 1); },
        [&](const Variable& g) { return spread(g.reshape(row), to.shape(0), 0, at, 1); });
  });
}

Variable flatten(const Variable& x, int first, int last) {
  detail::check_defined("flatten", x);
  if (x.rank() == 0) return reshaped("flatten", x, {1});
  const int begin = normalize_axis("flatten", first, x.rank());
  const int end = normalize_axis("flatten", last, x.rank()) + 1;
  if (begin >= end)
    fail("flatten", "axis ", first, " stands behind axis ", last, " in ", x.shape());
  Shape shape;
  for (int axis = 0; axis < begin; ++axis) shape.push_back(x.shape()[axis]);
  shape.push_back(x.shape().numel(begin, end));
  for (int axis = end; axis < x.rank(); ++axis) shape.push_back(x.shape()[axis]);
  return reshaped("flatten", x, shape);
}

Variable squeeze(const Variable& x) {
  detail::check_defined("squeeze", x);
  Shape shape;
  for (const std::int64_t size : x.shape())
    if (size != 1) shape.push_back(size);
  return reshaped("squeeze", x, shape);
}

Variable squeeze(const Variable& x, const Axes& axes) {
  detail::check_defined("squeeze", x);
  bool dropped[Shape::max_rank] = {};
  for (const int axis : normalize_axes("squeeze", axes, x.rank())) {
    if (x.shape()[axis] != 1)
      fail("squeeze", "axis ", axis, " of ", x.shape(), " has size ", x.shape()[axis], ", not 1");
    dropped[axis] = true;
  }
  Shape shape;
  for (int axis = 0; axis < x.rank(); ++axis)
    if (!dropped[axis]) shape.push_back(x.shape()[axis]);
  return reshaped("squeeze", x, shape);
}

Variable unsqueeze(const Variable& x, int axis) {
  detail::check_defined("unsqueeze", x);
  return reshaped("unsqueeze", x,
                  with_axis(x.shape(), normalize_axis("unsqueeze", axis, x.rank() + 1)));
}

Variable transpose(const Variable& x, int axis0, int axis1) {
  detail::check_defined("transpose", x);
  Axes order;
  for (int axis = 0; axis < x.rank(); ++axis) order.push_back(axis);
  std::swap(order[normalize_axis("transpose", axis0, x.rank())],
            order[normalize_axis("transpose", axis1, x.rank())]);
  return permuted("transpose", x, order);
}

Variable permute(const Variable& x, const Axes& order) {
  detail::check_defined("permute", x);
  if (order.size() != x.rank())
    fail("permute", "expected each axis of ", x.shape(), " once, got ", order);
  return permuted("permute", x, normalize_axes("permute", order, x.rank()));
}

// y = x[begin:end:step];  dx = g there, 0 elsewhere
Variable slice(const Variable& x, int axis, std::int64_t begin, std::int64_t end,
               std::int64_t step) {
  const Profiled profiled("slice");
  detail::check_defined("slice", x);
  const int along = normalize_axis("slice", axis, x.rank());
  if (step < 1) fail("slice", "step must be at least 1, got ", step);
  const std::int64_t size = x.shape()[along];
  const std::int64_t first = clamp_position(begin, size);
  const std::int64_t length = std::max<std::int64_t>(0, clamp_position(end, size) - first);
  const std::int64_t count = length / step + (length % step != 0);
  const std::int64_t stride = count > 1 ? step : 1;  // a single element may have any step
  Tensor y = step == 1 ? part_of(x.value(), along, first, count)
                       : kernel::slice(x.value(), along, first, count, stride);
  return record("slice", std::move(y), {x}, [along, first, stride](const Tensor& g, Gradients& to) {
    to.write(
        0, [&](Tensor& dx, Write mode) { kernel::slice_into(dx, mode, g, along, first, stride); },
        [&](const Variable& g) { return spread(g, to.shape(0), along, first, stride); });
  });
}

// y = [x1; x2; ...];  dxi = its part of g
Variable concat(const std::vector<Variable>& parts, int axis) {
  const Profiled profiled("concat");
  check_parts("concat", parts);
  const int along = normalize_axis("concat", axis, parts.front().rank());
  check_same("concat", parts, along);
  std::vector<Tensor> values;
  std::vector<std::int64_t> sizes;
  for (const Variable& part : parts) {
    values.push_back(part.value());
    sizes.push_back(part.dim(along));
  }
  return record("concat", kernel::concat(values, along), parts,
                [sizes = std::move(sizes), along](const Tensor& g, Gradients& to) {
                  std::int64_t begin = 0;
                  for (std::size_t i = 0; i < sizes.size(); begin += sizes[i++]) {
                    if (!to.needs(i)) continue;
                    if (to.recorded())
                      to.give(i, slice(to.gradient(g), along, begin, begin + sizes[i]));
                    else
                      to.give(i, part_of(g, along, begin, sizes[i]));
                  }
                });
}

// y = [x1, x2, ...];  dxi = its part of g
Variable stack(const std::vector<Variable>& parts, int axis) {
  const Profiled profiled("stack");
  check_parts("stack", parts);
  check_same("stack", parts, -1);
  const Shape shape = parts.front().shape();
  const int along = normalize_axis("stack", axis, shape.rank() + 1);
  std::vector<Tensor> values;
  for (const Variable& part : parts)
    values.push_back(part.value().reshape(with_axis(shape, along)));
  return record("stack", kernel::concat(values, along), parts,
                [count = parts.size(), along, shape](const Tensor& g, Gradients& to) {
                  for (std::size_t i = 0; i < count; ++i) {
                    if (!to.needs(i)) continue;
                    const auto at = static_cast<std::int64_t>(i);
                    if (to.recorded())
                      to.give(i, reshape(slice(to.gradient(g), along, at, at + 1), shape));
                    else
                      to.give(i, part_of(g, along, at, 1).reshape(shape));
                  }
                });
}

std::vector<Variable> split(const Variable& x, std::int64_t size, int axis) {
  detail::check_defined("split", x);
  const int along = normalize_axis("split", axis, x.rank());
  if (size < 1) fail("split", "a part must have at least 1 element, got ", size);
  const std::int64_t length = x.shape()[along];
  std::vector<Variable> parts;
  for (std::int64_t begin = 0; begin < length || parts.empty();) {
    const std::int64_t end = begin + std::min(size, length - begin);
    parts.push_back(slice(x, along, begin, end));
    begin = end;
  }
  return parts;
}

std::vector<Variable> split(const Variable& x, const std::vector<std::int64_t>& sizes, int axis) {
  detail::check_defined("split", x);
  const int along = normalize_axis("split", axis, x.rank());
  const std::int64_t length = x.shape()[along];
  std::int64_t rest = length;
  for (const std::int64_t size : sizes) {
    if (size < 0 || size > rest) refuse_sizes(x, along, sizes);
    rest -= size;
  }
  if (rest != 0) refuse_sizes(x, along, sizes);
  std::vector<Variable> parts;
  std::int64_t begin = 0;
  for (const std::int64_t size : sizes) {
    parts.push_back(slice(x, along, begin, begin + size));
    begin += size;
  }
  return parts;
}

std::vector<Variable> chunk(const Variable& x, std::int64_t count, int axis) {
  detail::check_defined("chunk", x);
  const int along = normalize_axis("chunk", axis, x.rank());
  if (count < 1) fail("chunk", "expected at least 1 part, got ", count);
  const std::int64_t length = x.shape()[along];
  if (length == 0) return std::vector<Variable>(static_cast<std::size_t>(count), x);
  return split(x, length / count + (length % count != 0), along);
}

// y[i] = x[n - 1 - i] along the axes;  dx = g in opposite order
Variable flip(const Variable& x, const Axes& axes) {
  const Profiled profiled("flip");
  detail::check_defined("flip", x);
  kernel::AxisTables tables(static_cast<std::size_t>(x.rank()));
  for (const int axis : normalize_axes("flip", axes, x.rank()))
    for (std::int64_t i = x.shape()[axis] - 1; i >= 0; --i)
      tables[static_cast<std::size_t>(axis)].push_back(i);
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  kernel::remap(y, x.value(), tables);
  return record("flip", std::move(y), {x},
                [tables = std::move(tables)](const Tensor& g, Gradients& to) {
                  const auto flipped = [tables](const Tensor& g) {
                    Tensor dx = Tensor::empty(g.shape(), g.dtype());
                    kernel::remap(dx, g, tables);
                    return dx;
                  };
                  if (to.recorded())
                    to.give(0, detail::linear_map("flip", to.gradient(g), flipped, flipped));
                  else if (to.needs(0))
                    to.give(0, flipped(g));
                });
}

// y = x, repeated;  dx = g, summed over the repetitions
Variable broadcast_to(const Variable& x, const Shape& shape) {
  const Profiled profiled("broadcast_to");
  detail::check_defined("broadcast_to", x);
  if (shape.rank() < x.rank() || broadcast("broadcast_to", x.shape(), shape) != shape)
    fail("broadcast_to", x.shape(), " does not broadcast to ", shape);
  return record("broadcast_to", kernel::expanded(x.value(), shape), {x},
                [](const Tensor& g, Gradients& to) {
                  to.write(
                      0, [&](Tensor& dx, Write mode) { kernel::sum_to(g, dx, mode); },
                      [&](const Variable& g) { return detail::sum_to(g, to.shape(0)); });
                });
}

}  // namespace plumb
