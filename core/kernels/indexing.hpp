// Elements picked by an index tensor, and their gradients added back to where they came from.
#pragma once

#include <string_view>

#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

/// Throws unless `index` is int64 and each of its elements lies in [0, size); names the first that
/// does not.
void check_indices(std::string_view operation, const Tensor& index, std::int64_t size);

// Indices are checked and axes in [0, rank). The forward takes any element type. Where an index
// repeats, the backward adds in the order of the index, whatever the number of threads.

/// y[.., k, ..] = x[.., index[.., k, ..], ..] along an axis; of the shape of index, which has x's
/// rank and is not longer than x in the other axes.
Tensor gather(const Tensor& x, int axis, const Tensor& index);
/// dx[.., index[.., k, ..], ..] = or += g[.., k, ..]; other elements become 0 or stay. Floating.
void gather_into(Tensor& dx, Write mode, const Tensor& g, int axis, const Tensor& index);

/// y[.., k, ..] = x[.., index[k], ..] along an axis, for an index of rank 1.
Tensor index_select(const Tensor& x, int axis, const Tensor& index);
/// dx[.., index[k], ..] = or += g[.., k, ..]; other elements become 0 or stay. Floating. What an
/// index of `ignored` names is not added.
void index_select_into(Tensor& dx, Write mode, const Tensor& g, int axis, const Tensor& index,
                       std::int64_t ignored = -1);

}  // namespace plumb::kernel
