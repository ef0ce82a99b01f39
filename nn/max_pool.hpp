// MaxPool1d, MaxPool2d: the largest element of each window.
#pragma once

#include "../autograd/ops/pooling.hpp"
#include "layer.hpp"

namespace plumb::nn {

/// max_pool1d as a layer: [n, c, l] -> [n, c, out].
class MaxPool1d : public Layer {
 public:
  /// Throws "[MaxPool1d] the stride along l must be at least 1, got 0" and the like.
  explicit MaxPool1d(std::int64_t kernel, const MaxPool1dOptions& options = {});

  /// Throws as max_pool1d.
  Variable forward(const Variable& x) override;

 private:
  std::int64_t kernel_;
  MaxPool1dOptions options_;
};

/// max_pool2d as a layer: [n, c, h, w] -> [n, c, out_h, out_w].
///
/// ```
/// nn::MaxPool2d(2);                             // 2 x 2 windows side by side
/// nn::MaxPool2d(3, {2, 1});                     // 3 x 3, stride 2, padding 1
/// nn::MaxPool2d({3, 2}, {Size2d(2, 1), {1, 0}});  // all of it for height and width apart
/// ```
class MaxPool2d : public Layer {
 public:
  /// Throws "[MaxPool2d] the stride along h must be at least 1, got 0" and the like.
  explicit MaxPool2d(Size2d kernel, const MaxPool2dOptions& options = {});

  /// Throws as max_pool2d.
  Variable forward(const Variable& x) override;

 private:
  Size2d kernel_;
  MaxPool2dOptions options_;
};

}  // namespace plumb::nn
