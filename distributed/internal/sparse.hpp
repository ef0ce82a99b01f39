// Slices of gradients as bytes, shorter where most elements are 0.
#pragma once

#include <cstddef>
#include <vector>

#include "../../core/tensor/shards.hpp"
#include "../../core/tensor/tensor.hpp"

namespace plumb::distributed::detail {

/// Appends elements [range.begin, range.end) of x to `to`, in the shortest of three forms: all of them, a bit
/// for each and those that are not 0, or index and value of those. It brings back every bit: -0 is not 0.
void append_sparse(std::vector<std::byte>& to, const Tensor& x, ShardRange range);
/// Reads what was appended into all elements of x, from `from`, which moves behind it.
void take_sparse(const std::byte*& from, Tensor& x);

}  // namespace plumb::distributed::detail
