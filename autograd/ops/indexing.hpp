// Elements of a variable picked by a tensor of indices.
#pragma once

#include "../variable.hpp"

namespace plumb {

// Indices are int64 tensors with elements in [0, size of the axis). An element out of this range is
// refused before anything is read; the error has its value and the range. Where an element occurs
// several times the gradients are added in the order of the index, so that they do not depend on
// the number of threads.

/// y[i, j, k] = x[index[i, j, k], j, k] for axis 0, and likewise along other axes: PyTorch's
/// gather. `index` has x's rank, and its other axes are not longer than x's. The result has the
/// shape of `index`.
Variable gather(const Variable& x, int axis, const Tensor& index);

/// The rows index[0], index[1], ... of an axis, in this order: y[i, :, :] = x[index[i], :, :] for
/// axis 0. `index` has rank 1.
Variable index_select(const Variable& x, int axis, const Tensor& index);

}  // namespace plumb
