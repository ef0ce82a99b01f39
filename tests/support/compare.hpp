// How far two tensors are apart.
#pragma once

#include <plumb/core/tensor/tensor.hpp>

namespace plumb::test {

/// The largest difference between elements, divided by the largest finite |expected|. Infinite
/// where the shapes differ, or where only one of two elements is NaN or the same infinity.
double deviation(const Tensor& actual, const Tensor& expected);

}  // namespace plumb::test
