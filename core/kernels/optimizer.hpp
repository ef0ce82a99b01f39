// Update rules and moving averages: one pass over memory for each tensor.
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

/// All passes together, so that many small tensors cost no more than one large one.
void sgd(std::vector<SgdPass>& passes);

/// average = keep average + take x.
void blend_into(Tensor& average, double keep, double take, const Tensor& x);

/// mean = mean + (x - mean) / count.
void mean_into(Tensor& mean, double count, const Tensor& x);

}  // namespace plumb::kernel
