#include "avg_pool.hpp"

#include "../core/tensor/sliding_window.hpp"

namespace plumb::nn {

AvgPool1d::AvgPool1d(std::int64_t kernel, const AvgPool1dOptions& options)
    : PoolLayer(kernel, options) {
  check_window("AvgPool1d", "l", {kernel, options.stride.value_or(kernel), options.padding, 1});
}

AvgPool2d::AvgPool2d(Size2d kernel, const AvgPool2dOptions& options) : PoolLayer(kernel, options) {
  const Size2d stride = options.stride.value_or(kernel);
  check_window("AvgPool2d", "h", {kernel.height, stride.height, options.padding.height, 1});
  check_window("AvgPool2d", "w", {kernel.width, stride.width, options.padding.width, 1});
}

}  // namespace plumb::nn
