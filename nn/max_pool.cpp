#include "max_pool.hpp"

#include "../core/sliding_window.hpp"

namespace plumb::nn {

MaxPool1d::MaxPool1d(std::int64_t kernel, const MaxPool1dOptions& options)
    : kernel_(kernel), options_(options) {
  const std::int64_t stride = options.stride.value_or(kernel);
  check_window("MaxPool1d", "l", {kernel, stride, options.padding, options.dilation});
}

Variable MaxPool1d::forward(const Variable& x) { return max_pool1d(x, kernel_, options_); }

MaxPool2d::MaxPool2d(Size2d kernel, const MaxPool2dOptions& options)
    : kernel_(kernel), options_(options) {
  const Size2d stride = options.stride.value_or(kernel);
  const Size2d &padding = options.padding, &dilation = options.dilation;
  check_window("MaxPool2d", "h", {kernel.height, stride.height, padding.height, dilation.height});
  check_window("MaxPool2d", "w", {kernel.width, stride.width, padding.width, dilation.width});
}

Variable MaxPool2d::forward(const Variable& x) { return max_pool2d(x, kernel_, options_); }

}  // namespace plumb::nn
