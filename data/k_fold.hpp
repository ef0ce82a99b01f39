// Splits for cross-validation: every sample is in the test part once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../core/runtime/random.hpp"
#include "../core/tensor/tensor.hpp"

namespace plumb::data {

/// One split of samples 0 to n - 1 in two, each in ascending order:
///
///     for (const data::Fold& fold : data::k_fold(set->size(), 10, random))
///       score += run(data::Subset(set, fold.train), data::Subset(set, fold.test));
struct Fold {
  std::vector<std::int64_t> train, test;
};

/// k folds whose test parts are random, share no sample and differ in size by one at most. Throws
/// unless 2 <= k <= samples.
std::vector<Fold> k_fold(std::int64_t samples, std::int64_t k, Generator& random);

/// The same, with each class in every test part as often as in any other, but for one sample.
/// `labels` int64 or uint8 [n], not negative. Throws as k_fold does, and for other labels.
std::vector<Fold> stratified_k_fold(const Tensor& labels, std::int64_t k, Generator& random);

/// n folds, each with one sample to test. Throws for fewer than 2 samples.
std::vector<Fold> leave_one_out(std::int64_t samples);

/// A fold for each group, which it tests: one speaker of many, say. In the order of the groups'
/// names. Throws for fewer than 2 groups.
std::vector<Fold> leave_one_group_out(const std::vector<std::string>& groups);

}  // namespace plumb::data
