#include "shape.hpp"

#include "../autograd/ops/shape.hpp"

namespace plumb::nn {

Variable Flatten::forward(const Variable& x) { return flatten(x, start_axis_); }

Variable Unflatten::forward(const Variable& x) {
  Shape shape{x.dim(0)};
  for (const std::int64_t size : sizes_) shape.push_back(size);
  return reshape(x, shape);
}

}  // namespace plumb::nn
