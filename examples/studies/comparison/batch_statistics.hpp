// Statistics of batch normalization for weights that were not trained by themselves.
#pragma once

#include <plumb/nn.hpp>
#include <utility>
#include <vector>

#include "task.hpp"

namespace comparison {

/// While it lives, a model's buffers are those of its present weights, from the first batches of the
/// training set. Then they and its random streams are what they were.
class BatchStatistics {
 public:
  BatchStatistics(plumb::nn::Layer& model, const Task& task);
  ~BatchStatistics();
  BatchStatistics(const BatchStatistics&) = delete;
  BatchStatistics& operator=(const BatchStatistics&) = delete;

 private:
  struct Kept {
    plumb::Variable buffer;
    plumb::Tensor value, before;  // its tensor, and a copy of that
  };
  std::vector<Kept> buffers_;
  std::vector<std::pair<plumb::Generator*, plumb::Generator>> streams_;
};

}  // namespace comparison
