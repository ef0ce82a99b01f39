// A convolution and its gradients as xtensor's views and xtensor-blas's products give them.
#pragma once

#include <plumb/core/kernels/convolution/convolution.hpp>
#include <string>

namespace plumb::test {

/// x [n, c, h, w], w [out, c / groups, kh, kw] and as many positions of the windows as y says: all
/// that fit, or fewer.
struct ConvolutionProblem {
  Shape x, w;
  Size2d positions;
  kernel::Windows windows;

  ConvolutionProblem(const Shape& x, const Shape& w, Size2d positions,
                     const kernel::Windows& windows)
      : x(x), w(w), positions(positions), windows(windows) {}
  /// With all positions that fit.
  ConvolutionProblem(const Shape& x, const Shape& w, const kernel::Windows& windows);

  Shape y() const { return {x[0], w[0], positions.height, positions.width}; }
  std::string text() const;
};

/// The result, and what a seed g [n, out, oh, ow] makes of it; float64.
struct ConvolutionResults {
  Tensor y, dx, dw;
};

/// For each element of the kernel one product over what a strided view of the padded image sees.
ConvolutionResults convolution_oracle(const ConvolutionProblem& problem, const Tensor& x,
                                      const Tensor& w, const Tensor& g);

}  // namespace plumb::test
