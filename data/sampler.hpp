// Samplers: which samples an epoch has, in which order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../core/runtime/random.hpp"

namespace plumb::data {

/// The order of every epoch, as a pure function of (seed, epoch): a run that was stopped goes on with
/// the same samples, and needs none of the epochs before. A DataLoader takes one in its options:
///
///     options.sampler = std::make_shared<data::RandomSampler>(windows->size(), 6000);
///
/// A sampler of one's own overrides size, order and description.
class Sampler {
 public:
  virtual ~Sampler() = default;

  /// The number of samples of an epoch; the same for all epochs.
  virtual std::int64_t size() const = 0;

  /// The samples of an epoch >= 0, size() indices. Random ones come from generator(seed, epoch).
  virtual std::vector<std::int64_t> order(std::uint64_t seed, std::int64_t epoch) const = 0;

  /// What this sampler is and is made of, saved by the loader: a state is loaded only where the
  /// descriptions agree, so two that give other orders should differ in it. "shuffled 1000".
  virtual std::string description() const = 0;

  /// The batch size that the order is made for; 0: any. The loader must have the same.
  virtual std::int64_t batch_size() const { return 0; }

 protected:
  /// The random numbers of an epoch: Stream::shuffle of the seed from block epoch * 2^32 on.
  static Generator generator(std::uint64_t seed, std::int64_t epoch);
};

/// All samples, 0 to n - 1, in every epoch.
class SequentialSampler : public Sampler {
 public:
  /// Throws for a negative number.
  explicit SequentialSampler(std::int64_t samples);

  std::int64_t size() const override { return samples_; }
  std::vector<std::int64_t> order(std::uint64_t seed, std::int64_t epoch) const override;
  std::string description() const override;

 private:
  std::int64_t samples_;
};

/// All samples in random order, another in every epoch: that of a loader with `shuffle`.
class ShuffledSampler : public Sampler {
 public:
  /// Throws for a negative number.
  explicit ShuffledSampler(std::int64_t samples);

  std::int64_t size() const override { return samples_; }
  std::vector<std::int64_t> order(std::uint64_t seed, std::int64_t epoch) const override;
  std::string description() const override;

 private:
  std::int64_t samples_;
};

/// `draws` samples, each drawn from all of them alike and put back: an epoch of any length from a
/// dataset of any size, in memory for the draws alone.
class RandomSampler : public Sampler {
 public:
  /// Throws for a negative number, and for draws from no samples.
  RandomSampler(std::int64_t samples, std::int64_t draws);

  std::int64_t size() const override { return draws_; }
  std::vector<std::int64_t> order(std::uint64_t seed, std::int64_t epoch) const override;
  std::string description() const override;

 private:
  std::int64_t samples_, draws_;
};

}  // namespace plumb::data
