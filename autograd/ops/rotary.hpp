// Rotary positions: queries and keys turned by angles that grow with the step.
#pragma once

#include <optional>

#include "../variable.hpp"

namespace plumb {

/// Which columns of a head are turned together: i and i + d / 2 (as in GPT-NeoX and LLaMA's weights at
/// Hugging Face), or 2 i and 2 i + 1 (as in the paper and in LLaMA's own weights).
enum class RotaryLayout : std::uint8_t { halves, interleaved };

/// The angles for steps [0, steps) of heads of `size` columns: pair i turns by base^(-2 i / size) a
/// step. A tensor [2, steps, size / 2] of cosines and of sines. Throws for an odd size.
Tensor rotary_angles(std::int64_t steps, std::int64_t size, double base = 10000,
                     DType dtype = DType::float32);

/// Turns pairs of columns (a, b) of x [..., steps, columns] into (a cos - b sin, a sin + b cos), where
/// `angles` are those of the step (Su et al. 2021, "RoFormer", eq. 34). Products of queries and keys
/// then depend on how far their steps are apart, and not on where they stand.
///
/// The columns are heads of the angles' size, side by side. Only the first `rotated` columns turn, all
/// where it is not given: of [n, steps, 3 h d], 2 h d are those of queries and keys.
///
/// Throws "[rotary] ..." for more steps than there are angles, for columns that are no whole heads, and
/// where the element types differ.
Variable rotary(const Variable& x, const Tensor& angles, RotaryLayout layout = RotaryLayout::halves,
                std::optional<std::int64_t> rotated = {});

}  // namespace plumb
