#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <plumb/data.hpp>

#include "support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;
using plumb::test::numbers;

namespace {

std::vector<std::int64_t> lengths(const std::vector<std::shared_ptr<const data::Subset>>& parts) {
  std::vector<std::int64_t> result;
  for (const auto& part : parts) result.push_back(part->size());
  return result;
}

}  // namespace

TEST_CASE("random_split: parts cover the set without overlap, by the generator alone") {
  Generator random(1, Stream::split), same(1, Stream::split), other(2, Stream::split);
  const auto parts = data::random_split(numbers(10), {7, 0, 3}, random);
  CHECK(lengths(parts) == std::vector<std::int64_t>{7, 0, 3});
  std::vector<std::int64_t> all = parts[0]->indices();
  all.insert(all.end(), parts[2]->indices().begin(), parts[2]->indices().end());
  CHECK_FALSE(std::is_sorted(all.begin(), all.end()));
  std::sort(all.begin(), all.end());
  CHECK(all == Tensor::arange(10).to_vector<std::int64_t>());
  CHECK(data::random_split(numbers(10), {7, 3}, same)[0]->indices() == parts[0]->indices());
  CHECK(data::random_split(numbers(10), {7, 3}, other)[0]->indices() != parts[0]->indices());
}

TEST_CASE("random_split: fractions are rounded down, the rest goes to the first parts") {
  Generator random(1, Stream::split);
  const auto split = [&](std::int64_t n, const std::vector<double>& fractions) {
    return lengths(data::random_split_fractions(numbers(n), fractions, random));
  };
  CHECK(split(10, {0.8, 0.2}) == std::vector<std::int64_t>{8, 2});
  CHECK(split(10, {0.7, 0.1, 0.2}) == std::vector<std::int64_t>{7, 1, 2});
  CHECK(split(10, {0, 1.0 / 3, 2.0 / 3}) == std::vector<std::int64_t>{0, 4, 6});
  CHECK(split(100, {0.43, 0.57}) == std::vector<std::int64_t>{43, 57});  // 0.57 * 100 < 57
  CHECK(split(1, {0.5, 0.5}) == std::vector<std::int64_t>{1, 0});
  CHECK(split(0, {0.5, 0.5}) == std::vector<std::int64_t>{0, 0});
}

TEST_CASE("random_split: refuses lengths and fractions that do not add up") {
  Generator random(1, Stream::split);
  const auto refusal = [&](const std::vector<std::int64_t>& parts) {
    return error_of([&] { data::random_split(numbers(10), parts, random); });
  };
  CHECK(refusal({7, 2}) == "[random_split] the lengths leave 1 of the 10 samples over");
  CHECK(refusal({7, 4}) == "[random_split] the lengths add up to more than the 10 samples");
  CHECK(refusal({INT64_MAX, INT64_MAX}) ==
        "[random_split] the lengths add up to more than the 10 samples");
  CHECK(refusal({11, -1}) == "[random_split] a length must not be negative, got -1");
  CHECK(refusal({-1, 11}) == "[random_split] a length must not be negative, got -1");
  const auto refusal_of = [&](const std::vector<double>& parts) {
    return error_of([&] { data::random_split_fractions(numbers(10), parts, random); });
  };
  CHECK(refusal_of({0.5, 0.4}) == "[random_split] the fractions add up to 0.9, expected 1");
  CHECK(refusal_of({}) == "[random_split] the fractions add up to 0, expected 1");
  CHECK(refusal_of({1.5, -0.5}) == "[random_split] a fraction must be in [0, 1], got 1.5");
  CHECK(refusal_of({std::nan("")}) == "[random_split] a fraction must be in [0, 1], got nan");
  CHECK(contains(error_of([&] { data::random_split(nullptr, {}, random); }), "null"));
  CHECK(random.position() == 0);
}
