// Running sums along an axis, and the gradient of a product.
#pragma once

#include "../tensor/axes.hpp"
#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

/// y[k] = x[0] + ... + x[k] along an axis, in [0, rank): in double for float32, one after the other.
/// uint8 sums to int64; integers wrap around.
Tensor cumsum(const Tensor& x, int axis);
/// dx[k] = or += g[k] + ... + g[n - 1]. Floating.
void cumsum_into(Tensor& dx, Write mode, const Tensor& g, int axis);

/// dx = or += g times the product of all other elements, also where some are 0: products of those
/// before and of those behind. Over the named axes, or over all; g has as many elements as there are
/// products. Floating.
void product_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Axes& axes);

}  // namespace plumb::kernel
