// grad() where an input need not take part.
#pragma once

#include <vector>

#include "../variable.hpp"

namespace plumb::detail {

/// The gradients of the outputs with respect to the inputs, zeros where one takes no part. Keeps the
/// graph. The seeds must have the outputs' shapes.
std::vector<Tensor> gradients_or_zeros(const std::vector<Variable>& outputs,
                                       const std::vector<Variable>& inputs,
                                       const std::vector<Tensor>& seeds);

}  // namespace plumb::detail
