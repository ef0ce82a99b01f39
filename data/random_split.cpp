#include "random_split.hpp"

#include <algorithm>
#include <cmath>

#include "../core/runtime/internal/fail.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "random_split";

std::int64_t size_of_set(const std::shared_ptr<const Dataset>& dataset) {
  if (!dataset) fail(operation, "the dataset is null");
  return dataset->size();
}

}  // namespace

std::vector<std::shared_ptr<const Subset>> random_split(
    const std::shared_ptr<const Dataset>& dataset, const std::vector<std::int64_t>& lengths,
    Generator& random) {
  const std::int64_t size = size_of_set(dataset);
  std::int64_t left = size;
  for (const std::int64_t length : lengths)
    if (length < 0) fail(operation, "a length must not be negative, got ", length);
  for (const std::int64_t length : lengths) {
    if (length > left) fail(operation, "the lengths add up to more than the ", size, " samples");
    left -= length;
  }
  if (left > 0) fail(operation, "the lengths leave ", left, " of the ", size, " samples over");

  const std::vector<std::int64_t> order = random.permutation(size);
  std::vector<std::shared_ptr<const Subset>> parts;
  auto begin = order.begin();
  for (const std::int64_t length : lengths) {
    parts.push_back(
        std::make_shared<Subset>(dataset, std::vector<std::int64_t>(begin, begin + length)));
    begin += length;
  }
  return parts;
}

std::vector<std::shared_ptr<const Subset>> random_split_fractions(
    const std::shared_ptr<const Dataset>& dataset, const std::vector<double>& fractions,
    Generator& random) {
  const std::int64_t size = size_of_set(dataset);
  double sum = 0;
  for (const double fraction : fractions) {
    if (!(fraction >= 0 && fraction <= 1))
      fail(operation, "a fraction must be in [0, 1], got ", fraction);
    sum += fraction;
  }
  if (std::abs(sum - 1) > 1e-9) fail(operation, "the fractions add up to ", sum, ", expected 1");

  std::vector<std::int64_t> lengths;
  std::int64_t left = size;
  for (const double fraction : fractions) {
    // 0.57 * 100 is 56.999...: what is that close to the next integer counts as it.
    const double exact = fraction * static_cast<double>(size);
    const auto length = static_cast<std::int64_t>(std::floor(exact * (1 + 1e-12)));
    lengths.push_back(std::min(left, length));
    left -= lengths.back();
  }
  for (std::size_t i = 0; left > 0; i = (i + 1) % lengths.size()) {
    if (fractions[i] == 0) continue;
    ++lengths[i];
    --left;
  }
  return random_split(dataset, lengths, random);
}

}  // namespace plumb::data
