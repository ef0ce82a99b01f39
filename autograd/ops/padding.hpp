// Padding: elements added at the ends of axes, or cut off there.
#pragma once

#include <vector>

#include "../variable.hpp"

namespace plumb {

/// What the added elements are.
enum class PadMode : std::uint8_t {
  constant,   ///< One number.
  reflect,    ///< Those inside, mirrored at the outermost one: c b a b c.
  replicate,  ///< The outermost one, repeated: a a a b c.
};

/// x with amounts[0] elements added before and amounts[1] behind those of the last axis,
/// amounts[2] and amounts[3] around the axis before it, and so on, as in PyTorch. A negative amount
/// cuts off as many. `value` is for PadMode::constant; the other modes do not look at it.
///
/// ```
/// pad(x, {2, 0});                               // [n, c, l] -> [n, c, l + 2], zeros in front
/// pad(x, {1, 1, 1, 1}, PadMode::reflect);       // a border of one around [n, c, h, w]
/// pad(x, {0, 1}, PadMode::constant, -1);
/// ```
///
/// All modes pad any axes of tensors of any rank (PyTorch's reflect and replicate: the last one to
/// three of certain ranks). What an element is shown as several times adds up in its gradient.
/// Throws "[pad] ..." for amounts that are not pairs, or for more axes than there are; where an
/// axis would get a negative size or lose more at one end than it has; for reflect where an amount
/// is not below the size of its axis, for replicate where an axis has nothing to repeat; and for a
/// number that x cannot hold.
Variable pad(const Variable& x, const std::vector<std::int64_t>& amounts,
             PadMode mode = PadMode::constant, double value = 0);

}  // namespace plumb
