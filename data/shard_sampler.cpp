#include "shard_sampler.hpp"

#include <algorithm>
#include <utility>

#include "../core/runtime/internal/fail.hpp"

namespace plumb::data {
namespace {
constexpr const char* operation = "ShardSampler";
}

ShardSampler::ShardSampler(std::shared_ptr<const Sampler> whole, std::int64_t shard,
                           std::int64_t shards, Leftover leftover)
    : whole_(std::move(whole)), shard_(shard), shards_(shards), leftover_(leftover) {
  if (!whole_) fail(operation, "the sampler is null");
  if (shards < 1) fail(operation, "there must be at least 1 shard, got ", shards);
  if (shard < 0 || shard >= shards)
    fail(operation, "shard ", shard, " is out of range [0, ", shards, ")");
  unit_ = std::max<std::int64_t>(1, whole_->batch_size());
  const std::int64_t size = whole_->size(), whole_units = size / unit_;
  const bool more = whole_units % shards != 0 || size % unit_ != 0;
  const std::int64_t rounds = whole_units / shards + (more && leftover == Leftover::repeat ? 1 : 0);
  size_ = rounds * unit_;
}

std::vector<std::int64_t> ShardSampler::order(std::uint64_t seed, std::int64_t epoch) const {
  const std::vector<std::int64_t> all = whole_->order(seed, epoch);
  std::vector<std::int64_t> mine(static_cast<std::size_t>(size_));
  for (std::int64_t i = 0; i < size_; ++i) {
    const std::int64_t unit = i / unit_ * shards_ + shard_;
    const auto position = static_cast<std::size_t>(unit * unit_ + i % unit_);
    mine[static_cast<std::size_t>(i)] = all[position % all.size()];
  }
  return mine;
}

std::string ShardSampler::description() const {
  return text("shard ", shard_, " of ", shards_,
              leftover_ == Leftover::drop ? ", dropping, of " : ", repeating, of ",
              whole_->description());
}

}  // namespace plumb::data
