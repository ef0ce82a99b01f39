// HeldBack: what shards keep back of their gradients, near zero, until it adds up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "../../autograd/variable.hpp"
#include "../../core/io/state_dict.hpp"
#include "../../core/tensor/shards.hpp"
#include "../../core/tensor/tensor.hpp"

namespace plumb::nn::detail {

/// A residual for each shard and parameter, by the rule of optim::SGD's accumulate_below: see there. What other
/// processes compute is here from load() to the end of the next step.
class HeldBack {
 public:
  /// This process computes `mine` of so many shards.
  HeldBack(double below, std::int64_t shards, ShardRange mine)
      : below_(below), shards_(shards), mine_(mine) {}

  /// Elements [begin, begin + size) of `gradients` are what a shard gives of a parameter, its mean times `weight`.
  /// They become what is released of them.
  void gate(std::int64_t shard, std::size_t parameter, Tensor& gradients, std::int64_t begin,
            std::int64_t size, double weight);
  /// The step has come to its end, or it has thrown: then residuals stay as they were before.
  void keep();
  void undo() { next_.clear(); }

  /// Whether the residuals of all shards are here.
  bool whole() const { return whole_; }
  /// Those of some shards: "shards", how many, and for each parameter of which one of them keeps anything
  /// "residual.<name>", [shards, elements].
  StateDict state(ShardRange shards, const Parameters& parameters) const;
  /// That of all shards takes the place of what is kept. Throws where it is none; then nothing has changed.
  void load(const StateDict& state, const Parameters& parameters);

 private:
  using Residuals = std::map<std::pair<std::int64_t, std::size_t>, Tensor>;

  template <class T>
  void gate(const Tensor& before, Tensor& after, T* gradient, double weight) const;

  double below_;
  std::int64_t shards_;
  ShardRange mine_;
  bool whole_ = true;
  Residuals residuals_, next_;
};

/// States of shards that follow one another, as that of all these.
StateDict joined(const std::vector<StateDict>& parts);

}  // namespace plumb::nn::detail
