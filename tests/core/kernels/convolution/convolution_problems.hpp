// Convolutions for the tests of their kernels.
#pragma once

#include <vector>

#include "../../../oracles/convolution_oracle.hpp"

namespace plumb::test {

/// float64, uniform in [low, 1).
Tensor random(const Shape& shape, std::uint64_t seed, double low = -1);

/// x [n, c, h, w] + bias [c].
Tensor to_all_channels(const Tensor& x, const Tensor& bias);

Tensor sum(const Tensor& a, const Tensor& b);

const std::vector<ConvolutionProblem>& problems();

}  // namespace plumb::test
