// Gradients divided by the root of a sum of their squares, in one pass over memory: RMSprop and
// Adagrad.
#pragma once

#include <vector>

#include "../../tensor/tensor.hpp"

namespace plumb::kernel {

/// What one step does to one tensor, elementwise and in this order:
///   g = sign gradient + weight_decay parameter
///   squares = keep squares + take g^2
///   mean = keep mean + take g
///   d = g / (sqrt(squares - mean^2) + eps)
///   average = momentum average + d
///   parameter = parameter - rate average
/// Without `mean` it counts as 0; without `average` its place is taken by d. A difference that
/// rounding makes negative counts as 0. The numbers are applied in the tensors' dtype.
struct RmspropPass {
  Tensor parameter;           // written; float32 or float64
  Tensor gradient;            // read
  Tensor* squares = nullptr;  // written
  Tensor* mean = nullptr;     // written; null: none
  Tensor* average = nullptr;  // written; null: none. All of one shape and dtype.
  double sign = 1;
  double weight_decay = 0;
  double keep = 1;
  double take = 1;
  double momentum = 0;
  double rate = 0;
  double eps = 0;
};

void rmsprop(std::vector<RmspropPass>& passes);

}  // namespace plumb::kernel
