#include "linear_map.hpp"

#include "../../../core/kernels/reduce.hpp"
#include "../shape.hpp"

namespace plumb::detail {

Variable linear_map(const char* operation, const Variable& x, const TensorMap& forward,
                    const TensorMap& back) {
  return record(operation, forward(x.value()), {x},
                [operation, forward, back](const Variable& g, Gradients& to) {
                  to.give(0, linear_map(operation, g, back, forward));
                });
}

Variable sum_to(const Variable& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  Tensor y = Tensor::empty(shape, x.dtype());
  kernel::sum_to(x.value(), y, Write::overwrite);
  return record("sum_to", std::move(y), {x}, [size = x.shape()](const Variable& g, Gradients& to) {
    to.give(0, broadcast_to(g, size));
  });
}

}  // namespace plumb::detail
