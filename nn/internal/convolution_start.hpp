// What the convolution layers begin with: checked sizes and random parameters.
#pragma once

#include "../../core/tensor/size2d.hpp"
#include "../layer.hpp"

namespace plumb::nn::detail {

/// Throws "[layer] ..." for negative numbers of channels, for such as the groups do not divide and
/// for an empty kernel.
void check_channels(const char* layer, std::int64_t in, std::int64_t out, std::int64_t groups);
void check_kernel(const char* layer, std::int64_t kernel);
void check_kernel(const char* layer, const Size2d& kernel);

/// Throws "[layer] ..." unless a bias is undefined or has a number for each of the outputs.
void check_bias(const char* layer, const Variable& bias, std::int64_t outputs);

/// A tensor of `shape` uniform in +-1/sqrt(fan in) of `weight` [out, in, k...].
Tensor uniform_by_fan(const Shape& shape, const Shape& weight, Generator& generator);

}  // namespace plumb::nn::detail
