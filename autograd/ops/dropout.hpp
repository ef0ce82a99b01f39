// Dropout: random elements are left out.
#pragma once

#include "../../core/runtime/random.hpp"
#include "../variable.hpp"

namespace plumb {

/// Keeps each element with probability 1 - p, scaled by 1 / (1 - p), and sets the others to 0
/// (Srivastava et al. 2014; they scale in evaluation instead). The expected value is that of x. A
/// dropped element has gradient 0. p = 0 gives x itself, p = 1 zeros.
///
/// What is dropped depends only on the seed, stream and position of the generator: element i takes
/// word i % 4 of the block at position + i / 4. The generator then advances by a quarter of the
/// number of elements, rounded up; for p = 0 it stays.
///
/// Throws "[dropout] ..." where p is not in [0, 1] and for integer tensors.
Variable dropout(const Variable& x, double p, Generator& generator);

}  // namespace plumb
