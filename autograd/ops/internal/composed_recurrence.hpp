// Recurrent layers from operations on variables: what their gradients of gradients are taken of.
#pragma once

#include <vector>

#include "../../../core/kernels/recurrent/recurrence.hpp"
#include "../../variable.hpp"

namespace plumb::detail {

/// The rows of y [n, steps, hidden] and of the last states, as the kernel gives them, for the inputs
/// x, w_ih, w_hh, bias_ih, bias_hh, h, c, of which the biases and c may be undefined.
Variable composed_recurrence(const kernel::Recurrence& r, const std::vector<Variable>& inputs);

}  // namespace plumb::detail
