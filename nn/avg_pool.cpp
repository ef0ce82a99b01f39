#include "avg_pool.hpp"

#include "../core/sliding_window.hpp"

namespace plumb::nn {

AvgPool1d::AvgPool1d(std::int64_t kernel, const AvgPool1dOptions& options)
    : kernel_(kernel), options_(options) {
  check_window("AvgPool1d", "l", {kernel, options.stride.value_or(kernel), options.padding, 1});
}

Variable AvgPool1d::forward(const Variable& x) { return avg_pool1d(x, kernel_, options_); }

AvgPool2d::AvgPool2d(Size2d kernel, const AvgPool2dOptions& options)
    : kernel_(kernel), options_(options) {
  const Size2d stride = options.stride.value_or(kernel);
  check_window("AvgPool2d", "h", {kernel.height, stride.height, options.padding.height, 1});
  check_window("AvgPool2d", "w", {kernel.width, stride.width, options.padding.width, 1});
}

Variable AvgPool2d::forward(const Variable& x) { return avg_pool2d(x, kernel_, options_); }

}  // namespace plumb::nn
