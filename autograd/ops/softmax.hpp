// Softmax and its logarithm along one axis.
#pragma once

#include "../variable.hpp"

namespace plumb {

/// exp(x) / sum of exp(x) along `axis`, which may count from the last: along it the elements are
/// positive and sum to 1. Same shape as x. Stable for elements of any size; a row that is all
/// -infinity or has a NaN becomes NaN.
/// Throws "[softmax] ..." for an axis out of range and for integer tensors.
Variable softmax(const Variable& x, int axis);

/// log(softmax(x)), computed as x - log(sum of exp(x)): finite where softmax underflows to 0.
/// Throws "[log_softmax] ..." like softmax.
Variable log_softmax(const Variable& x, int axis);

}  // namespace plumb
