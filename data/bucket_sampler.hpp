// BucketSampler: batches of samples of nearly the same length, so that little is padded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sampler.hpp"

namespace plumb::data {

/// All samples in random order, then sorted by length within pools of `pool` batches; the batches
/// come in random order. What is shorter than a batch is the last.
class BucketSampler : public Sampler {
 public:
  /// `lengths`: of each sample. Throws for one that is negative, and for a batch size or pool
  /// below 1.
  BucketSampler(std::vector<std::int64_t> lengths, std::int64_t batch_size,
                std::int64_t pool = 100);

  std::int64_t size() const override { return static_cast<std::int64_t>(lengths_.size()); }
  std::vector<std::int64_t> order(std::uint64_t seed, std::int64_t epoch) const override;
  std::string description() const override;
  std::int64_t batch_size() const override { return batch_size_; }

 private:
  std::vector<std::int64_t> lengths_;
  std::int64_t batch_size_, pool_;
};

}  // namespace plumb::data
