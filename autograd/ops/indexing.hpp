// Elements of a variable picked by a tensor of indices.
#pragma once

#include "../variable.hpp"

namespace plumb {

// Indices are int64 tensors with elements in [0, size of the axis); another one is refused, with
// its value and the range, before anything is read. Where an index occurs several times its
// gradients are added in the order of the index, so results do not depend on the number of threads.

/// y[i, j, k] = x[index[i, j, k], j, k] for axis 0, and likewise along other axes: PyTorch's
/// gather. `index` has x's rank and is not longer than x in the other axes; the result has its
/// shape.
Variable gather(const Variable& x, int axis, const Tensor& index);

/// The rows index[0], index[1], ... of an axis, in this order: y[i, :, :] = x[index[i], :, :] for
/// axis 0. `index` has rank 1.
Variable index_select(const Variable& x, int axis, const Tensor& index);

}  // namespace plumb
