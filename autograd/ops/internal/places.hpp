// What a max-pooling does once it is known where its largest elements are: reading them, and its gradient. Each is the
// gradient of the other, to any order.
#pragma once

#include "../../../core/kernels/pooling/planes.hpp"
#include "../../variable.hpp"

namespace plumb::detail {

/// g of each window at the place of its largest element, in planes of `shape`; 0 elsewhere.
Variable to_places(const char* operation, const Variable& g, const Shape& shape,
                   const Tensor& places, const kernel::PlaneWindows& windows);

/// The elements of x at the places.
Variable at_places(const char* operation, const Variable& x, const Tensor& places,
                   const kernel::PlaneWindows& windows);

}  // namespace plumb::detail
