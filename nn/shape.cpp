#include "shape.hpp"

#include "../autograd/ops/shape.hpp"

namespace plumb::nn {

Variable Flatten::forward(const Variable& x) { return flatten(x, start_axis_); }

}  // namespace plumb::nn
