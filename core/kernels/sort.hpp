// Elements of an axis in order.
#pragma once

#include "../tensor/tensor.hpp"

namespace plumb::kernel {

struct Sorted {
  Tensor values, indices;  // indices: int64
};

/// The first `count` elements of an axis in ascending or descending order, with the places they came
/// from. NaN is the largest; of equal elements the first comes first, in either order. Any element
/// type; axis and count in range.
Sorted sorted(const Tensor& x, int axis, std::int64_t count, bool descending);

}  // namespace plumb::kernel
