// What stands where a max-pooling found its largest elements: the gradient of its gradient.
#pragma once

#include "max_pool.hpp"

namespace plumb::kernel {

/// y = the element of each plane of x at the place of the window's largest one, as max_pool has left
/// it in `argmax`; 0 for a window of padding alone. y has the shape of argmax and the dtype of x.
void read_places(Tensor& y, const Tensor& x, const Tensor& argmax, const PlaneWindows& windows);

}  // namespace plumb::kernel
