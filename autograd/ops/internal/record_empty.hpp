// A result without elements, which needs no tables and no loops.
#pragma once

#include "../../record.hpp"

namespace plumb::detail {

/// y = nothing, of `shape`;  dx = 0
inline Variable record_empty(const char* operation, const Variable& x, const Shape& shape) {
  return record(operation, Tensor::empty(shape, x.dtype()), {x}, [](const Tensor&, Gradients& to) {
    to.write(
        0,
        [](Tensor& dx, Write mode) {
          if (mode == Write::overwrite) dx.fill(0);
        },
        [&](const Variable& g) { return Variable(Tensor::zeros(to.shape(0), g.dtype())); });
  });
}

}  // namespace plumb::detail
