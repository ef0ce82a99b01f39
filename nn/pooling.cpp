#include "pooling.hpp"

#include "../core/tensor/sliding_window.hpp"

namespace plumb::nn {

MaxPool1d::MaxPool1d(std::int64_t kernel, const MaxPool1dOptions& options)
    : PoolLayer(kernel, options) {
  const std::int64_t stride = options.stride.value_or(kernel);
  check_window("MaxPool1d", "l", {kernel, stride, options.padding, options.dilation});
}

MaxPool2d::MaxPool2d(Size2d kernel, const MaxPool2dOptions& options) : PoolLayer(kernel, options) {
  const Size2d stride = options.stride.value_or(kernel);
  const Size2d &padding = options.padding, &dilation = options.dilation;
  check_window("MaxPool2d", "h", {kernel.height, stride.height, padding.height, dilation.height});
  check_window("MaxPool2d", "w", {kernel.width, stride.width, padding.width, dilation.width});
}

}  // namespace plumb::nn
