// Dropout: random elements are left out.
#pragma once

#include "../../core/runtime/random.hpp"
#include "../variable.hpp"

namespace plumb {

/// Keeps each element with probability 1 - p, scaled by 1 / (1 - p), and sets the others to 0
/// (Srivastava et al. 2014; scaled here rather than in evaluation, so that the expected value stays
/// that of x). A dropped element has gradient 0. p = 0 gives x itself, p = 1 zeros.
///
/// What is dropped depends on the seed, stream and position of the generator alone: element i on
/// word i % 4 of block i / 4, from its position on. The generator advances by the blocks taken:
/// a quarter of the elements, rounded up; none for p = 0.
///
/// Throws "[dropout] ..." where p is not in [0, 1] and for integer tensors.
Variable dropout(const Variable& x, double p, Generator& generator);

}  // namespace plumb
