// einsum: sums of products, written with a letter for each axis.
#pragma once

#include <string_view>

#include "../variable.hpp"

namespace plumb {

/// Einstein's sum of products. The equation names the axes of each operand by letters, and those of
/// the result behind "->"; what the result does not name is summed. Blanks do not count.
///
/// ```
/// einsum("ij,jk->ik", a, b);       // a product of matrices
/// einsum("bhqd,bhkd->bhqk", q, k); // b and h stay apart, d is summed
/// einsum("bi,bi->b", a, b);        // a scalar product for each b
/// einsum("i,j->ij", a, b);         // every element with every other
/// einsum("ii->i", a);              // a diagonal; einsum("ii", a) is the trace
/// einsum("ijk->kj", a);            // a sum and a permutation
/// ```
///
/// A letter twice in one operand takes the diagonal of two axes. Axes of one letter have one size, or
/// 1 in one of two operands, which stretches. Without "->" the result has the letters that occur once,
/// capitals first, then in alphabetical order. As torch.einsum, but for more than two operands
/// and "...", which are refused.
///
/// Products are those of `matmul` where something is summed, else of `mul`. Throws "[einsum] ..."
/// with the equation where it does not read so, or does not fit the operands.
Variable einsum(std::string_view equation, const Variable& a);
Variable einsum(std::string_view equation, const Variable& a, const Variable& b);

}  // namespace plumb
