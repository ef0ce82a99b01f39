// One step of a moving average of tensors.
#pragma once

#include "../../tensor/tensor.hpp"

namespace plumb::kernel {

/// average = keep average + take x.
void blend_into(Tensor& average, double keep, double take, const Tensor& x);

/// mean = mean + (x - mean) / count.
void mean_into(Tensor& mean, double count, const Tensor& x);

}  // namespace plumb::kernel
