// AvgPool1d, AvgPool2d: the mean of each window.
#pragma once

#include "pool_layer.hpp"

namespace plumb::nn {

/// avg_pool1d as a layer: [n, c, l] -> [n, c, out].
class AvgPool1d : public PoolLayer<std::int64_t, AvgPool1dOptions, avg_pool1d> {
 public:
  /// Throws "[AvgPool1d] the stride along l must be at least 1, got 0" and the like.
  explicit AvgPool1d(std::int64_t kernel, const AvgPool1dOptions& options = {});
};

/// avg_pool2d as a layer: [n, c, h, w] -> [n, c, out_h, out_w].
class AvgPool2d : public PoolLayer<Size2d, AvgPool2dOptions, avg_pool2d> {
 public:
  /// Throws "[AvgPool2d] the stride along h must be at least 1, got 0" and the like.
  explicit AvgPool2d(Size2d kernel, const AvgPool2dOptions& options = {});
};

}  // namespace plumb::nn
