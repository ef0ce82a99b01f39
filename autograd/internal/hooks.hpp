// Lets the hooks of a node see its gradient, and change it.
#pragma once

#include "../node.hpp"

namespace plumb::detail {

/// Of a node that has some.
void apply_hooks(const Node& node, Tensor& gradient);
/// Where the gradient is recorded.
void apply_hooks(const Node& node, Variable& gradient);

}  // namespace plumb::detail
