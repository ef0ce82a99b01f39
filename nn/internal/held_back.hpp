// HeldBack: what shards keep back of their gradients, near zero, until it adds up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "../../core/tensor/tensor.hpp"

namespace plumb::nn::detail {

/// A residual for each shard and parameter, by the rule of optim::SGD's accumulate_below: see there.
class HeldBack {
 public:
  explicit HeldBack(double below) : below_(below) {}

  /// Elements [begin, begin + size) of `gradients` are what a shard gives of a parameter, its mean times `weight`.
  /// They become what is released of them.
  void gate(std::int64_t shard, std::size_t parameter, Tensor& gradients, std::int64_t begin,
            std::int64_t size, double weight);
  /// The step has come to its end, or it has thrown: then residuals stay as they were before.
  void keep();
  void undo() { next_.clear(); }

 private:
  template <class T>
  void gate(const Tensor& before, Tensor& after, T* gradient, double weight) const;

  double below_;
  std::map<std::pair<std::int64_t, std::size_t>, Tensor> residuals_, next_;
};

}  // namespace plumb::nn::detail
