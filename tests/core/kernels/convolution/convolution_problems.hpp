// Convolutions for the tests of their kernels, and the sums that define them.
#pragma once

#include <plumb/core/kernels/convolution/convolution.hpp>
#include <vector>

namespace plumb::test {

/// float64, uniform in [low, 1).
Tensor random(const Shape& shape, std::uint64_t seed, double low = -1);

struct Problem {
  Shape x, w;
  kernel::Windows windows;

  Shape y() const;
};

/// What the three kernels of a convolution write.
struct Results {
  Tensor y, dx, dw;
};

/// By the definition, in float64.
Results plain_sums(const Problem& p, const Tensor& x, const Tensor& w, const Tensor& g);

/// x [n, c, h, w] + bias [c].
Tensor to_all_channels(const Tensor& x, const Tensor& bias);

Tensor sum(const Tensor& a, const Tensor& b);

const std::vector<Problem>& problems();

}  // namespace plumb::test
