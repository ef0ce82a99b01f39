// ShardSampler: each of several processes takes its part of every epoch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sampler.hpp"

namespace plumb::data {

/// What becomes of the samples that do not divide among the shards.
enum class Leftover : std::uint8_t {
  drop,    ///< They are left out of this epoch.
  repeat,  ///< Samples of the beginning come a second time.
};

/// Shard `shard` of `shards`: of the order of another sampler, positions shard, shard + shards, ...
/// Where that sampler is made for a batch size, whole batches are dealt. All shards have the same
/// size. With the same seed everywhere they share no sample, but what is repeated.
class ShardSampler : public Sampler {
 public:
  /// Throws for no sampler, fewer than 1 shard and a shard outside [0, shards).
  ShardSampler(std::shared_ptr<const Sampler> whole, std::int64_t shard, std::int64_t shards,
               Leftover leftover = Leftover::drop);

  std::int64_t size() const override { return size_; }
  std::vector<std::int64_t> order(std::uint64_t seed, std::int64_t epoch) const override;
  std::string description() const override;
  std::int64_t batch_size() const override { return whole_->batch_size(); }

 private:
  std::shared_ptr<const Sampler> whole_;
  std::int64_t shard_, shards_;
  Leftover leftover_;
  std::int64_t unit_, size_;  // what is dealt at a time, and how much this shard gets
};

}  // namespace plumb::data
