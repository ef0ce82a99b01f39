// Upsample: images and signals in another size, as a layer.
#pragma once

#include "../autograd/ops/interpolate.hpp"
#include "layer.hpp"

namespace plumb::nn {

/// upsample as a layer: [n, c, h, w] -> [n, c, h height, w width] for a factor {height, width}, and
/// [n, c, l] -> [n, c, l factor] for one number.
///
/// ```
/// nn::Upsample(2);                                       // each element as 2 x 2
/// nn::Upsample(2, {Interpolation::linear});              // bilinear
/// nn::Upsample::to(Size2d(64, 48));                      // always 64 x 48
/// ```
class Upsample : public Layer {
 public:
  /// Factors are whole numbers (PyTorch takes fractions too). Throws "[Upsample] the factor must be
  /// at least 1, got 0", and where align_corners goes with Interpolation::nearest.
  explicit Upsample(const Size2d& factor, const InterpolateOptions& options = {});
  /// A layer whose results have this size, whatever that of x.
  static Upsample to(const Size2d& size, const InterpolateOptions& options = {});

  /// Throws as the operation.
  Variable forward(const Variable& x) override;

 private:
  enum class Target : std::uint8_t { factor, size };
  Upsample(const Size2d& numbers, const InterpolateOptions& options, Target target);

  Size2d numbers_;
  InterpolateOptions options_;
  Target target_;
};

}  // namespace plumb::nn
