// AdaptiveAvgPool1d, AdaptiveAvgPool2d: means over as many windows as the output is to have.
#pragma once

#include "../autograd/ops/pooling.hpp"
#include "layer.hpp"

namespace plumb::nn {

/// adaptive_avg_pool1d as a layer: [n, c, l] -> [n, c, output].
class AdaptiveAvgPool1d : public Layer {
 public:
  /// Throws "[AdaptiveAvgPool1d] the output along l must be at least 1, got 0".
  explicit AdaptiveAvgPool1d(std::int64_t output);

  /// Throws as adaptive_avg_pool1d.
  Variable forward(const Variable& x) override;

 private:
  std::int64_t output_;
};

/// adaptive_avg_pool2d as a layer: [n, c, h, w] -> [n, c, output]. With an output of 1 it takes the
/// mean of each channel, for images of any size.
class AdaptiveAvgPool2d : public Layer {
 public:
  /// Throws "[AdaptiveAvgPool2d] the output along h must be at least 1, got 0".
  explicit AdaptiveAvgPool2d(Size2d output);

  /// Throws as adaptive_avg_pool2d.
  Variable forward(const Variable& x) override;

 private:
  Size2d output_;
};

}  // namespace plumb::nn
