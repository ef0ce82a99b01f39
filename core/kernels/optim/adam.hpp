// Adam and AdamW in one pass over memory.
#pragma once

#include <vector>

#include "../../tensor/tensor.hpp"

namespace plumb::kernel {

/// What one step of Adam does to one tensor, elementwise and in this order:
///   g = sign gradient + weight_decay parameter
///   first = keep_first first + take_first g
///   second = keep_second second + take_second g^2
///   highest = max(highest, second)
///   parameter = shrink parameter - rate first / (scale sqrt(highest) + eps)
/// Without `highest` its place is taken by `second`. The numbers are applied in the tensors' dtype.
struct AdamPass {
  Tensor parameter;           // written; float32 or float64
  Tensor gradient;            // read
  Tensor* first = nullptr;    // written
  Tensor* second = nullptr;   // written
  Tensor* highest = nullptr;  // written; null: none. All of one shape and dtype.
  double sign = 1;
  double weight_decay = 0;
  double keep_first = 0;
  double take_first = 1;
  double keep_second = 0;
  double take_second = 1;
  double shrink = 1;
  double rate = 0;
  double scale = 1;
  double eps = 0;
};

void adam(std::vector<AdamPass>& passes);

}  // namespace plumb::kernel
