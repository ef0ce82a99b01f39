// Copies that change where elements stand: permutations, slices, joined and repeated tensors.
#pragma once

#include <vector>

#include "../tensor/axes.hpp"
#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

// All take any element type, unless they add. Axes are in [0, rank) and ranges valid.

/// x with axis order[i] as axis i; `order` is a permutation of all axes.
Tensor permuted(const Tensor& x, const Axes& order);

/// Elements begin, begin + step, ... of an axis, `count` of them.
Tensor slice(const Tensor& x, int axis, std::int64_t begin, std::int64_t count, std::int64_t step);

/// dx = or += g at the elements that slice() takes; the others become 0 where dx is overwritten,
/// and are not touched where it is added to. Floating.
void slice_into(Tensor& dx, Write mode, const Tensor& g, int axis, std::int64_t begin,
                std::int64_t step);

/// The tensors one behind the other along an axis: one element type, shapes equal but there.
Tensor concat(const std::vector<Tensor>& parts, int axis);

/// x repeated to a shape that it broadcasts to.
Tensor expanded(const Tensor& x, const Shape& shape);

/// dx = or += g / divisor, with g repeated to the shape of dx. Floating.
void expand_into(Tensor& dx, Write mode, const Tensor& g, double divisor = 1);

}  // namespace plumb::kernel
