// AvgPool1d, AvgPool2d: the mean of each window.
#pragma once

#include "../autograd/ops/pooling.hpp"
#include "layer.hpp"

namespace plumb::nn {

/// avg_pool1d as a layer: [n, c, l] -> [n, c, out].
class AvgPool1d : public Layer {
 public:
  /// Throws "[AvgPool1d] the stride along l must be at least 1, got 0" and the like.
  explicit AvgPool1d(std::int64_t kernel, const AvgPool1dOptions& options = {});

  /// Throws as avg_pool1d.
  Variable forward(const Variable& x) override;

 private:
  std::int64_t kernel_;
  AvgPool1dOptions options_;
};

/// avg_pool2d as a layer: [n, c, h, w] -> [n, c, out_h, out_w].
class AvgPool2d : public Layer {
 public:
  /// Throws "[AvgPool2d] the stride along h must be at least 1, got 0" and the like.
  explicit AvgPool2d(Size2d kernel, const AvgPool2dOptions& options = {});

  /// Throws as avg_pool2d.
  Variable forward(const Variable& x) override;

 private:
  Size2d kernel_;
  AvgPool2dOptions options_;
};

}  // namespace plumb::nn
