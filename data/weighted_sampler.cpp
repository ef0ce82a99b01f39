#include "weighted_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "../core/runtime/internal/fail.hpp"
#include "internal/class_members.hpp"
#include "internal/fingerprint.hpp"

namespace plumb::data {
namespace {

constexpr const char* weighted = "WeightedSampler";
constexpr const char* balanced = "BalancedSampler";

std::int64_t largest(const std::vector<std::vector<std::int64_t>>& classes) {
  std::size_t most = 0;
  for (const auto& members : classes) most = std::max(most, members.size());
  return static_cast<std::int64_t>(most);
}

template <class T>
void shuffle(std::vector<T>& values, Generator& random) {
  for (std::size_t i = values.size(); i-- > 1;)
    std::swap(values[i],
              values[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(i) + 1))]);
}

}  // namespace

WeightedSampler::WeightedSampler(std::vector<double> weights, std::int64_t draws,
                                 Replacement replacement)
    : weights_(std::move(weights)), draws_(draws), replacement_(replacement) {
  if (draws < 0) fail(weighted, "draws must not be negative, got ", draws);
  double sum = 0;
  std::int64_t possible = 0;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (!(weights_[i] >= 0) || !std::isfinite(weights_[i]))
      fail(weighted, "weight ", static_cast<std::int64_t>(i), " must be finite and >= 0, got ",
           weights_[i]);
    if (weights_[i] > 0) ++possible;
    sums_.push_back(sum += weights_[i]);
  }
  if (!std::isfinite(sum)) fail(weighted, "the sum of the weights is not finite");
  if (draws > 0 && possible == 0) fail(weighted, "no weight is above 0");
  if (replacement == Replacement::without && draws > possible)
    fail(weighted, draws, " draws without replacement from ", possible, " weights above 0");
}

std::vector<std::int64_t> WeightedSampler::order(std::uint64_t seed, std::int64_t epoch) const {
  const Generator random = generator(seed, epoch);
  return replacement_ == Replacement::with ? draw_with(random) : draw_without(random);
}

std::vector<std::int64_t> WeightedSampler::draw_with(Generator random) const {
  std::vector<std::int64_t> order(static_cast<std::size_t>(draws_));
  for (std::int64_t& index : order) {
    // The first sum above u: a weight of 0 adds nothing and is never it. Rounding may have made u
    // the whole sum, which none is above.
    const double u = std::min(random.uniform() * sums_.back(), std::nextafter(sums_.back(), 0.0));
    index = std::upper_bound(sums_.begin(), sums_.end(), u) - sums_.begin();
  }
  return order;
}

std::vector<std::int64_t> WeightedSampler::draw_without(Generator random) const {
  using Key = std::pair<double, std::int64_t>;
  std::vector<Key> keys;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const double u = random.uniform();
    if (weights_[i] > 0)  // 1 - u lies in (0, 1]
      keys.emplace_back(-std::log1p(-u) / weights_[i], static_cast<std::int64_t>(i));
  }
  const auto end = keys.begin() + draws_;
  std::partial_sort(keys.begin(), end, keys.end());
  std::vector<std::int64_t> order;
  for (auto key = keys.begin(); key != end; ++key) order.push_back(key->second);
  return order;
}

std::string WeightedSampler::description() const {
  detail::Fingerprint fingerprint;
  for (const double weight : weights_) fingerprint.add(weight);
  return text("weighted ", draws_, " of ", static_cast<std::int64_t>(weights_.size()),
              replacement_ == Replacement::with ? " with" : " without", " replacement, weights ",
              fingerprint.value());
}

BalancedSampler::BalancedSampler(const Tensor& labels)
    : classes_(detail::class_members(balanced, labels)), per_class_(largest(classes_)) {}

BalancedSampler::BalancedSampler(const Tensor& labels, std::int64_t per_class)
    : classes_(detail::class_members(balanced, labels)), per_class_(per_class) {
  if (per_class < 0) fail(balanced, "per_class must not be negative, got ", per_class);
}

std::int64_t BalancedSampler::size() const {
  return per_class_ * static_cast<std::int64_t>(classes_.size());
}

std::vector<std::int64_t> BalancedSampler::order(std::uint64_t seed, std::int64_t epoch) const {
  Generator random = generator(seed, epoch);
  std::vector<std::int64_t> order;
  order.reserve(static_cast<std::size_t>(size()));
  for (std::vector<std::int64_t> members : classes_) {
    for (std::int64_t left = per_class_; left > 0;) {
      shuffle(members, random);
      const std::int64_t count = std::min(left, static_cast<std::int64_t>(members.size()));
      order.insert(order.end(), members.begin(), members.begin() + count);
      left -= count;
    }
  }
  shuffle(order, random);
  return order;
}

std::string BalancedSampler::description() const {
  detail::Fingerprint fingerprint;
  for (const auto& members : classes_) {
    fingerprint.add(static_cast<std::int64_t>(members.size()));
    for (const std::int64_t sample : members) fingerprint.add(sample);
  }
  return text("balanced ", per_class_, " of each of ", static_cast<std::int64_t>(classes_.size()),
              " classes, labels ", fingerprint.value());
}

}  // namespace plumb::data
