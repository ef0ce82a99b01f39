// The gradient of a copy by tables, as an operation.
#pragma once

#include "../../../core/kernels/remap.hpp"
#include "linear_map.hpp"

namespace plumb::detail {

/// The gradient, of `shape`, of an operation that has copied elements as the tables say.
inline Variable remapped_back(const char* operation, const Variable& g, const Shape& shape,
                              const kernel::AxisTables& tables) {
  const auto back = [shape, tables](const Tensor& g) {
    return written(shape, g.dtype(),
                   [&](Tensor& dx, Write mode) { kernel::remap_into(dx, mode, g, tables); });
  };
  const auto copy = [size = g.shape(), tables](const Tensor& h) {
    Tensor y = Tensor::empty(size, h.dtype());
    kernel::remap(y, h, tables);
    return y;
  };
  return linear_map(operation, g, back, copy);
}

}  // namespace plumb::detail
