// Stochastic gradient descent in one pass over memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "../../tensor/tensor.hpp"

namespace plumb::kernel {

/// What one step of SGD does to one tensor, elementwise and in this order:
///   g = sign gradient
///   with a residual:   residual = residual + g,  age = age + 1
///                      where |g| < threshold, |residual| < threshold and age < max_wait:  g = 0
///                      elsewhere:  g = residual,  residual = 0,  age = 0
///   g = g + weight_decay parameter
///   average = keep average + take g
///   d = from_average average + from_gradient g
///   parameter = parameter - rate d
/// Without an average, d = g; without an age there is no limit to it. NaN is not below the
/// threshold. The numbers are applied in the tensors' dtype.
struct SgdPass {
  Tensor parameter;            // written; float32 or float64
  Tensor gradient;             // read
  Tensor* average = nullptr;   // written; null: none. All of one shape; of one dtype but for age.
  Tensor* residual = nullptr;  // written; null: none
  Tensor* age = nullptr;       // written; uint8; null: none
  std::atomic<std::int64_t>* released = nullptr;  // grows by the elements elsewhere
  double sign = 1;
  double weight_decay = 0;
  double keep = 0;
  double take = 1;
  double from_average = 1;
  double from_gradient = 0;
  double rate = 0;
  double threshold = 0;
  int max_wait = 0;  // 1 to 255
};

void sgd(std::vector<SgdPass>& passes);

}  // namespace plumb::kernel
