// Stochastic gradient descent in one pass over memory.
#pragma once

#include <vector>

#include "../tensor.hpp"

namespace plumb::kernel {

/// What one step of SGD does to one tensor, elementwise and in this order:
///   g = sign gradient + weight_decay parameter
///   average = keep average + take g
///   d = from_average average + from_gradient g
///   parameter = parameter - rate d
/// Without an average, d = g. The numbers are applied in the tensors' dtype.
struct SgdPass {
  Tensor parameter;           // written; float32 or float64
  Tensor gradient;            // read
  Tensor* average = nullptr;  // written; null: none. All three of one shape and dtype.
  double sign = 1;
  double weight_decay = 0;
  double keep = 0;
  double take = 1;
  double from_average = 1;
  double from_gradient = 0;
  double rate = 0;
};

void sgd(std::vector<SgdPass>& passes);

}  // namespace plumb::kernel
