// Splitting a dataset at random into parts that share no sample.
#pragma once

#include <memory>
#include <vector>

#include "../core/runtime/random.hpp"
#include "subset.hpp"

namespace plumb::data {

/// Parts of the given lengths, which must not be negative and must add up to dataset->size().
///
///     Generator random(seed, Stream::split);
///     auto parts = data::random_split(dataset, {50000, 10000}, random);
std::vector<std::shared_ptr<const Subset>> random_split(
    const std::shared_ptr<const Dataset>& dataset, const std::vector<std::int64_t>& lengths,
    Generator& random);

/// Parts that are the given fractions of the dataset, each in [0, 1] and together 1 (within 1e-9).
/// Lengths are rounded down; samples left over go one each to the first parts that are not 0.
std::vector<std::shared_ptr<const Subset>> random_split_fractions(
    const std::shared_ptr<const Dataset>& dataset, const std::vector<double>& fractions,
    Generator& random);

}  // namespace plumb::data
