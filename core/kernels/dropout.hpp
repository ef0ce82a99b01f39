// Dropout: a random mask from counter-based numbers, and its backward kernel.
#pragma once

#include "../runtime/random.hpp"
#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

/// Blocks of random words that dropout takes for n elements.
inline std::uint64_t dropout_blocks(std::int64_t n) {
  return (static_cast<std::uint64_t>(n) + 3) / 4;
}

/// x times `scale` where the element is kept, 0 elsewhere. Fills `mask` (uint8, the shape of x)
/// with 1 for kept elements, which happens with probability 1 - p: element i from word i % 4 of
/// block i / 4 after the generator's position, which stays as it is.
Tensor dropout(const Tensor& x, double p, double scale, const Generator& generator, Tensor& mask);

/// dx = or += scale g where the mask is 1, 0 elsewhere.
void dropout_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& mask, double scale);

}  // namespace plumb::kernel
