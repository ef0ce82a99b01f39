// Pairs of columns turned by angles that grow with the step.
#pragma once

#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

/// How x [rows, columns] is turned, where row r is step r % steps.
struct Rotation {
  std::int64_t steps;    // of a sample
  std::int64_t size;     // columns of a head, even
  std::int64_t rotated;  // the first columns, those of whole heads; the others stay
  bool interleaved;      // pairs are columns 2 i and 2 i + 1 of a head, and not i and i + size / 2
  bool backwards;        // turned back
};

/// y = or += x with pair i of each head (a, b) as (a cos - b sin, a sin + b cos); angles
/// [2, most, size / 2] has the cosines and then the sines for steps [0, most).
void rotate(Tensor& y, Write mode, const Tensor& x, const Tensor& angles, const Rotation& rotation);

}  // namespace plumb::kernel
