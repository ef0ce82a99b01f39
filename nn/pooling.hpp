// Pools as layers: the largest element or the mean of windows of a signal or an image.
#pragma once

#include "../autograd/ops/pooling.hpp"
#include "layer.hpp"

namespace plumb::nn {

/// What the pools share whose window moves. Size is std::int64_t for signals, Size2d for images.
template <class Size, class Options, Variable (*operation)(const Variable&, Size, const Options&)>
class PoolLayer : public Layer {
 public:
  /// Throws as the operation.
  Variable forward(const Variable& x) override { return operation(x, kernel_, options_); }

  Size kernel() const { return kernel_; }
  const Options& options() const { return options_; }

 protected:
  PoolLayer(const char* layer, Size kernel, const Options& options);

 private:
  Size kernel_;
  Options options_;
};

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
/// nn::MaxPool2d({3, 2}, {Size2d(2, 1), {1, 0}});  // height and width each with their own
/// nn::MaxPool2d(2, {2, 0, 1, CeilMode::yes});     // also what is left of an odd size
/// ```
class MaxPool2d : public PoolLayer<Size2d, MaxPool2dOptions, max_pool2d> {
 public:
  /// Throws "[MaxPool2d] the stride along h must be at least 1, got 0" and the like.
  explicit MaxPool2d(Size2d kernel, const MaxPool2dOptions& options = {});

  /// Whether its windows are of 2 x 2, side by side, and what is left of an odd size is left out.
  bool halves() const;
};

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

/// What the pools share that are given the size of their output.
template <class Size, Variable (*operation)(const Variable&, Size)>
class AdaptivePoolLayer : public Layer {
 public:
  /// Throws as the operation.
  Variable forward(const Variable& x) override { return operation(x, output_); }

 protected:
  AdaptivePoolLayer(const char* layer, Size output);

 private:
  Size output_;
};

/// adaptive_avg_pool1d as a layer: [n, c, l] -> [n, c, output].
class AdaptiveAvgPool1d : public AdaptivePoolLayer<std::int64_t, adaptive_avg_pool1d> {
 public:
  /// Throws "[AdaptiveAvgPool1d] the output along l must be at least 1, got 0".
  explicit AdaptiveAvgPool1d(std::int64_t output);
};

/// adaptive_avg_pool2d as a layer: [n, c, h, w] -> [n, c, output]. An output of 1 is the mean of
/// each channel, for images of any size.
class AdaptiveAvgPool2d : public AdaptivePoolLayer<Size2d, adaptive_avg_pool2d> {
 public:
  /// Throws "[AdaptiveAvgPool2d] the output along h must be at least 1, got 0".
  explicit AdaptiveAvgPool2d(Size2d output);
};

/// adaptive_max_pool1d as a layer: [n, c, l] -> [n, c, output].
class AdaptiveMaxPool1d : public AdaptivePoolLayer<std::int64_t, adaptive_max_pool1d> {
 public:
  /// Throws "[AdaptiveMaxPool1d] the output along l must be at least 1, got 0".
  explicit AdaptiveMaxPool1d(std::int64_t output);
};

/// adaptive_max_pool2d as a layer: [n, c, h, w] -> [n, c, output]. An output of 1 is the largest
/// element of each channel, for images of any size.
class AdaptiveMaxPool2d : public AdaptivePoolLayer<Size2d, adaptive_max_pool2d> {
 public:
  /// Throws "[AdaptiveMaxPool2d] the output along h must be at least 1, got 0".
  explicit AdaptiveMaxPool2d(Size2d output);
};

}  // namespace plumb::nn
