// Other shapes, orders and selections of the same elements.
#pragma once

#include <limits>
#include <vector>

#include "../../core/tensor/axes.hpp"
#include "../variable.hpp"

namespace plumb {

/// The same elements, row-major, in another shape; one size may be -1 and is inferred. Shares
/// memory. Throws "[reshape] ..." when the counts differ.
Variable reshape(const Variable& x, const Shape& shape);

/// Axes `first` to `last`, both included, merged into one: flatten(x, 1) of [n, c, h, w] is
/// [n, c h w]. A scalar becomes [1]. Shares memory.
Variable flatten(const Variable& x, int first = 0, int last = -1);

/// Without the axes of size 1: all of them, or those that are named. Shares memory. Throws when a
/// named one has another size (PyTorch leaves it in place silently).
Variable squeeze(const Variable& x);
Variable squeeze(const Variable& x, const Axes& axes);

/// With a new axis of size 1 that becomes axis `axis` of the result, in [-rank - 1, rank]. Shares
/// memory.
Variable unsqueeze(const Variable& x, int axis);

/// Two axes exchanged: transpose(x, 0, 1) of [2, 3] is [3, 2].
Variable transpose(const Variable& x, int axis0, int axis1);

/// Axis order[i] of x as axis i: permute(x, {0, 2, 3, 1}) of [n, c, h, w] is [n, h, w, c].
/// Throws unless `order` names each axis once.
Variable permute(const Variable& x, const Axes& order);

/// The `end` of a slice that takes in the last element.
inline constexpr std::int64_t to_end = std::numeric_limits<std::int64_t>::max();

/// Elements begin, begin + step, ... before `end` of an axis, as Python's x[begin:end:step]:
/// negative positions count from the end, and those beyond the axis are clamped, so that the result
/// may be empty. With step 1 along axis 0 it shares memory. Throws for step < 1.
Variable slice(const Variable& x, int axis, std::int64_t begin, std::int64_t end = to_end,
               std::int64_t step = 1);

/// Joins tensors along an axis: [2, 3] and [4, 3] along 0 give [6, 3]. Throws for none, and for
/// ranks, element types or other sizes that differ.
Variable concat(const std::vector<Variable>& parts, int axis);

/// Joins tensors of one shape along a new axis, in [-rank - 1, rank]: three [2, 4] along 0 give
/// [3, 2, 4]. Throws for none, and for shapes or element types that differ.
Variable stack(const std::vector<Variable>& parts, int axis = 0);

/// The parts of an axis of `size` elements each, the last one shorter where they do not go up:
/// [7, 3] by 3 is [3, 3], [3, 3] and [1, 3]. Along axis 0 they share memory. An axis without elements
/// is one part. Throws for a size below 1 (PyTorch takes 0 for an empty axis).
std::vector<Variable> split(const Variable& x, std::int64_t size, int axis = 0);
/// The parts of an axis of the sizes that are named, which must add up to its own.
std::vector<Variable> split(const Variable& x, const std::vector<std::int64_t>& sizes,
                            int axis = 0);

/// At most `count` parts of an axis, all of one size but the last, as in PyTorch: 7 in 3 is 3, 3 and
/// 1, and 5 in 4 is 2, 2 and 1. Throws for a count below 1.
///
/// ```
/// const auto qkv = chunk(projected, 3, -1);  // [n, steps, 3 d] as three of [n, steps, d]
/// ```
std::vector<Variable> chunk(const Variable& x, std::int64_t count, int axis = 0);

/// The elements in opposite order along the named axes. Copies, also for none.
Variable flip(const Variable& x, const Axes& axes);

/// Repeated along axes of size 1 and along new leading axes, as in NumPy. Throws when x does not
/// broadcast to `shape`.
Variable broadcast_to(const Variable& x, const Shape& shape);

}  // namespace plumb
