// CarriedState: what a network remembers from batch to batch, where each sample goes on with that of the batch before.
#pragma once

#include <cstdint>
#include <plumb/core/io/state_dict.hpp>
#include <plumb/core/tensor/shards.hpp>
#include <vector>

/// Tensors with a row for each sample of a batch. While a batch is computed, whole or in parts, rows() are
/// what the batch before has left, and set_rows() says what this one leaves.
class CarriedState {
 public:
  /// [n, ...] each; no tensors where nothing is remembered, as at the beginning.
  using Rows = std::vector<plumb::Tensor>;

  /// Of batches of so many samples.
  explicit CarriedState(std::int64_t samples) : samples_(samples) {}

  std::int64_t samples() const { return samples_; }
  /// Those of some samples of the batch. Shares memory.
  Rows rows(plumb::ShardRange samples) const;
  void set_rows(plumb::ShardRange samples, const Rows& rows);
  /// The batch is done: rows() are what has been set, for other samples 0.
  void advance();
  /// Nothing is remembered.
  void clear() { now_.clear(); }

  // Between two batches:
  plumb::StateDict state_dict() const { return part({0, samples_}); }
  void load_state_dict(const plumb::StateDict& state) { load_parts({state}); }
  /// Of some samples.
  plumb::StateDict part(plumb::ShardRange samples) const;
  /// Of all samples, in their order.
  void load_parts(const std::vector<plumb::StateDict>& parts);

 private:
  std::int64_t samples_;
  Rows now_, next_;
};
