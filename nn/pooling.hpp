// MaxPool1d, MaxPool2d: the largest element of each window.
#pragma once

#include "pool_layer.hpp"

namespace plumb::nn {

/// max_pool1d as a layer: [n, c, l] -> [n, c, out].
class MaxPool1d : public PoolLayer<std::int64_t, MaxPool1dOptions, max_pool1d> {
 public:
  /// Throws "[MaxPool1d] the stride along l must be at least 1, got 0" and the like.
  explicit MaxPool1d(std::int64_t kernel, const MaxPool1dOptions& options = {});
};

/// max_pool2d as a layer: [n, c, h, w] -> [n, c, out_h, out_w].
///
/// ```
/// nn::MaxPool2d(2);                             // 2 x 2 windows side by side
/// nn::MaxPool2d(3, {2, 1});                     // 3 x 3, stride 2, padding 1
/// nn::MaxPool2d({3, 2}, {Size2d(2, 1), {1, 0}});  // all of it for height and width apart
/// ```
class MaxPool2d : public PoolLayer<Size2d, MaxPool2dOptions, max_pool2d> {
 public:
  /// Throws "[MaxPool2d] the stride along h must be at least 1, got 0" and the like.
  explicit MaxPool2d(Size2d kernel, const MaxPool2dOptions& options = {});
};

}  // namespace plumb::nn
