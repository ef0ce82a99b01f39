// Samplers that give some samples more often than others.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../core/tensor/tensor.hpp"
#include "sampler.hpp"

namespace plumb::data {

/// Whether a sample that was drawn may be drawn again in the same epoch.
enum class Replacement : std::uint8_t { with, without };

/// Samples drawn in proportion to their weights.
///
/// Without replacement each draw is in proportion among those that are left (Efraimidis and
/// Spirakis 2006, "Weighted random sampling with a reservoir": the largest of log(u) / weight).
class WeightedSampler : public Sampler {
 public:
  /// Weights need not add up to 1. Throws for one that is negative or not finite, for draws where
  /// all are 0, and without replacement for more draws than weights above 0.
  WeightedSampler(std::vector<double> weights, std::int64_t draws,
                  Replacement replacement = Replacement::with);

  std::int64_t size() const override { return draws_; }
  std::vector<std::int64_t> order(std::uint64_t seed, std::int64_t epoch) const override;
  std::string description() const override;

 private:
  std::vector<std::int64_t> draw_with(Generator random) const;
  std::vector<std::int64_t> draw_without(Generator random) const;

  std::vector<double> weights_;
  std::vector<double> sums_;  // of the weights up to each and with it
  std::int64_t draws_;
  Replacement replacement_;
};

/// Every class equally often: `per_class` samples of each class that has any, in random order. A
/// class's samples come in random order, all of them before any comes again.
class BalancedSampler : public Sampler {
 public:
  /// `labels`: the class of each sample, int64 or uint8 [n], not negative. By default per_class is
  /// the size of the largest class, so that every sample occurs. Throws for labels of another kind,
  /// a negative class and per_class below 0.
  explicit BalancedSampler(const Tensor& labels);
  BalancedSampler(const Tensor& labels, std::int64_t per_class);

  std::int64_t size() const override;
  std::vector<std::int64_t> order(std::uint64_t seed, std::int64_t epoch) const override;
  std::string description() const override;

 private:
  std::vector<std::vector<std::int64_t>> classes_;  // the samples of each, none empty
  std::int64_t per_class_;
};

}  // namespace plumb::data
