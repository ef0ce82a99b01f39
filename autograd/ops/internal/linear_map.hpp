// Gradients that are linear in g, as operations whose own gradient is the map that they came from.
#pragma once

#include <functional>

#include "../../record.hpp"

namespace plumb::detail {

/// A function of a tensor that gives a new one.
using TensorMap = std::function<Tensor(const Tensor&)>;

/// y = A x;  dx = A^T g, with A^T in turn a linear map: right to any order. `forward` is A, `back` A^T.
Variable linear_map(const char* operation, const Variable& x, const TensorMap& forward,
                    const TensorMap& back);

/// A kernel into(dx, mode) that writes a gradient of `shape`, as a new tensor.
template <class Into>
Tensor written(const Shape& shape, DType dtype, Into into) {
  Tensor dx = Tensor::empty(shape, dtype);
  into(dx, Write::overwrite);
  return dx;
}

/// y = x summed over the axes along which `shape` would be broadcast to that of x;  dx = g repeated
Variable sum_to(const Variable& x, const Shape& shape);

/// The gradient of gather: y[index] = the sum of the g that were taken there, of `shape`;
/// dg = gather(dy)
Variable scattered(const Variable& g, const Shape& shape, int axis, const Tensor& index);

}  // namespace plumb::detail
