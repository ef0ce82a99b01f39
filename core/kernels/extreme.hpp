// The largest and smallest elements along any axes, where they stand, and their gradients.
#pragma once

#include "../tensor/axes.hpp"
#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

enum class Extreme : std::uint8_t { largest, smallest };

/// The largest or smallest element along the named axes, or of all; NaN where there is one. Any
/// element type. Throws "[max] ..." or "[min] ..." where there is no element to choose.
Tensor extreme(const Tensor& x, Extreme which, const Axes& axes = {}, KeepDims keep = KeepDims::no);

/// For each element of y = extreme(x, ..., axes, ...) the row-major index in x of the first one
/// that it equals, or of the first NaN where it is NaN; int64, of the shape of y.
Tensor extreme_positions(const Tensor& x, const Tensor& y, const Axes& axes);

/// Index of the largest element, or of the first NaN: in row-major order, as a scalar, or along an
/// axis. int64. Throws "[argmax] ..." where there is no element.
Tensor argmax(const Tensor& x);
Tensor argmax(const Tensor& x, int axis, KeepDims keep = KeepDims::no);

/// dx[positions] = or += g; other elements become 0 or stay. No position may occur twice. Floating.
void place_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& positions);

/// g divided evenly among the elements of x that equal y, or among the NaNs where y is NaN. g and y
/// have one element. Floating.
void share_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& y);

}  // namespace plumb::kernel
