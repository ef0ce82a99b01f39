#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <plumb/data.hpp>
#include <set>

#include "support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;
using plumb::test::numbers;

namespace {

using Order = std::vector<std::int64_t>;

Order sorted(Order order) {
  std::sort(order.begin(), order.end());
  return order;
}

Order order_of(data::DataLoader& loader) {
  Order all;
  for (const data::Batch& batch : loader) {
    const Order part = batch.x.to_vector<std::int64_t>();
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

data::LoaderOptions with(std::shared_ptr<const data::Sampler> sampler, std::int64_t batch_size,
                         std::uint64_t seed = 3) {
  data::LoaderOptions options;
  options.batch_size = batch_size;
  options.seed = seed;
  options.sampler = std::move(sampler);
  return options;
}

Order lengths_of(std::int64_t n) {
  Generator random(11, Stream::data);
  Order lengths;
  for (std::int64_t i = 0; i < n; ++i) lengths.push_back(random.below(50));
  return lengths;
}

std::vector<std::shared_ptr<const data::Sampler>> one_of_each() {
  const Tensor labels = Tensor::from(Order{0, 0, 2, 0, 2, 0, 0, 5, 0, 0});
  const auto shuffled = std::make_shared<data::ShuffledSampler>(10);
  return {std::make_shared<data::SequentialSampler>(10),
          shuffled,
          std::make_shared<data::RandomSampler>(10, 25),
          std::make_shared<data::WeightedSampler>(std::vector<double>(10, 0.5), 17),
          std::make_shared<data::WeightedSampler>(std::vector<double>(10, 0.5), 7,
                                                  data::Replacement::without),
          std::make_shared<data::BalancedSampler>(labels),
          std::make_shared<data::BucketSampler>(lengths_of(10), 4, 1),
          std::make_shared<data::ShardSampler>(shuffled, 1, 3)};
}

}  // namespace

TEST_CASE("Sampler: an order has its size and is a function of seed and epoch alone") {
  for (const auto& sampler : one_of_each()) {
    CAPTURE(sampler->description());
    const Order late = sampler->order(3, 1000);
    for (const std::int64_t epoch : {0, 1, 7}) {
      const Order order = sampler->order(3, epoch);
      CHECK(static_cast<std::int64_t>(order.size()) == sampler->size());
      for (const std::int64_t index : order) CHECK((index >= 0 && index < 10));
      CHECK(sampler->order(3, epoch) == order);
    }
    CHECK(sampler->order(3, 1000) == late);
    const bool fixed = contains(sampler->description(), "sequential");
    CHECK((sampler->order(3, 1001) == late) == fixed);
    CHECK((sampler->order(4, 1000) == late) == fixed);
  }
}

TEST_CASE("Sampler: descriptions tell unlike ones apart") {
  std::set<std::string> descriptions;
  const auto all = one_of_each();
  for (const auto& sampler : all) descriptions.insert(sampler->description());
  CHECK(descriptions.size() == all.size());
  const auto weighted = [](std::vector<double> weights) {
    return data::WeightedSampler(std::move(weights), 2).description();
  };
  CHECK(weighted({1, 2, 3}) == weighted({1, 2, 3}));
  CHECK(weighted({1, 2, 3}) != weighted({1, 3, 2}));
  CHECK(data::BucketSampler({1, 2}, 2).description() !=
        data::BucketSampler({2, 1}, 2).description());
}

TEST_CASE("DataLoader: a shuffled sampler gives the batches of shuffle") {
  data::LoaderOptions shuffle;
  shuffle.batch_size = 7;
  shuffle.shuffle = true;
  shuffle.seed = 3;
  data::DataLoader loader(numbers(30), shuffle),
      sampled(numbers(30), with(std::make_shared<data::ShuffledSampler>(30), 7)),
      in_order(numbers(30), with(std::make_shared<data::SequentialSampler>(30), 7));
  for (int epoch = 0; epoch < 3; ++epoch) {
    CHECK(order_of(loader) == order_of(sampled));
    CHECK(order_of(in_order) == Tensor::arange(30).to_vector<std::int64_t>());
  }
}

TEST_CASE("DataLoader: a sampler's epoch, with drop_last and 0 and 2 threads") {
  const auto sampler = std::make_shared<data::RandomSampler>(10, 25);
  const Order first = sampler->order(3, 0), second = sampler->order(3, 1);
  for (const int threads : {0, 2}) {
    data::LoaderOptions options = with(sampler, 4);
    options.threads = threads;
    data::DataLoader loader(numbers(10), options);
    CHECK(loader.batches() == 7);
    CHECK(order_of(loader) == first);
    CHECK(order_of(loader) == second);
    options.drop_last = true;
    data::DataLoader whole(numbers(10), options);
    CHECK(whole.batches() == 6);
    CHECK(order_of(whole) == Order(first.begin(), first.begin() + 24));
  }
  data::DataLoader none(numbers(10), with(std::make_shared<data::RandomSampler>(10, 0), 4));
  CHECK(order_of(none).empty());
  CHECK(none.epoch() == 1);
}

TEST_CASE("DataLoader: resumes in the middle of a sampler's epoch, whatever sampler") {
  for (const auto& sampler : one_of_each()) {
    CAPTURE(sampler->description());
    const data::LoaderOptions options = with(sampler, 4);
    data::DataLoader whole(numbers(10), options), stopped(numbers(10), options),
        resumed(numbers(10), options);
    Order expected, got;
    for (int epoch = 0; epoch < 3; ++epoch)
      for (const std::int64_t index : order_of(whole)) expected.push_back(index);
    got = order_of(stopped);
    for (const data::Batch& batch : stopped) {
      for (const std::int64_t index : batch.x.to_vector<std::int64_t>()) got.push_back(index);
      resumed.load_state_dict(stopped.state_dict());
      break;
    }
    for (int loops = 0; loops < 2; ++loops)
      for (const std::int64_t index : order_of(resumed)) got.push_back(index);
    CHECK(got == expected);
  }
}

TEST_CASE("DataLoader: a state of another sampler is refused") {
  const auto random = std::make_shared<data::RandomSampler>(10, 25);
  const auto loader = [](std::shared_ptr<const data::Sampler> sampler) {
    return data::DataLoader(numbers(10), with(std::move(sampler), 4));
  };
  data::DataLoader sampled = loader(random), plain = loader(nullptr),
                   other = loader(std::make_shared<data::RandomSampler>(10, 26));
  CHECK(error_of([&] { plain.load_state_dict(sampled.state_dict()); }) ==
        "[DataLoader] the state was saved with the sampler 'random 25 of 10', this loader has no "
        "sampler");
  CHECK(error_of([&] { sampled.load_state_dict(plain.state_dict()); }) ==
        "[DataLoader] the state was saved with no sampler, this loader has the sampler 'random 25 "
        "of 10'");
  CHECK(contains(error_of([&] { other.load_state_dict(sampled.state_dict()); }), "26 of 10'"));
  CHECK(!plain.state_dict().has_scalar("sampler"));
}

TEST_CASE("DataLoader: samplers that do not fit are refused") {
  const auto refusal = [](std::shared_ptr<const data::Sampler> sampler, bool shuffle = false) {
    data::LoaderOptions options = with(std::move(sampler), 4);
    options.shuffle = shuffle;
    return error_of([&] {
      data::DataLoader loader(numbers(10), options);
      order_of(loader);
    });
  };
  CHECK(refusal(std::make_shared<data::SequentialSampler>(10), true) ==
        "[DataLoader] shuffle and a sampler exclude each other: the sampler makes the order");
  CHECK(refusal(std::make_shared<data::BucketSampler>(Order(10, 1), 5)) ==
        "[DataLoader] batch_size is 4, the sampler makes batches of 5");
  CHECK(refusal(std::make_shared<data::SequentialSampler>(11)) ==
        "[DataLoader] the order of epoch 0: the sampler gave sample 10, out of range [0, 10)");
  struct Liar : data::Sampler {
    std::int64_t size() const override { return 5; }
    Order order(std::uint64_t, std::int64_t) const override { return {1, 2}; }
    std::string description() const override { return "liar"; }
  };
  CHECK(refusal(std::make_shared<Liar>()) ==
        "[DataLoader] the order of epoch 0: the sampler gave 2 samples, its size is 5");
}

TEST_CASE("WeightedSampler: with replacement samples come as often as they weigh") {
  const std::vector<double> weights = {0, 1, 2, 0, 4, 1, 0};
  const std::int64_t draws = 80000;
  const data::WeightedSampler sampler(weights, draws);
  std::vector<std::int64_t> counts(weights.size());
  for (const std::int64_t index : sampler.order(1, 0)) ++counts[static_cast<std::size_t>(index)];
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double p = weights[i] / 8, expected = p * static_cast<double>(draws);
    CHECK(std::abs(static_cast<double>(counts[i]) - expected) <=
          4.5 * std::sqrt(expected * (1 - p)));
  }
}

TEST_CASE("WeightedSampler: without replacement the first draws follow the weights") {
  // The first of the draws is i with probability w_i / sum; the second j with p_i w_j / (sum - w_i).
  const std::vector<double> weights = {1, 0, 2, 5};
  const data::WeightedSampler sampler(weights, 2, data::Replacement::without);
  std::map<std::pair<std::int64_t, std::int64_t>, double> counts;
  const int epochs = 20000;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    const Order order = sampler.order(1, epoch);
    ++counts[{order[0], order[1]}];
  }
  for (const std::int64_t i : {0, 2, 3})
    for (const std::int64_t j : {0, 2, 3}) {
      const double w = weights[static_cast<std::size_t>(i)];
      const double p = i == j ? 0 : w / 8 * weights[static_cast<std::size_t>(j)] / (8 - w);
      const double expected = p * epochs;
      CHECK(std::abs(counts[{i, j}] - expected) <= 4.5 * std::sqrt(expected * (1 - p)));
    }
  const data::WeightedSampler all(std::vector<double>{1, 0, 2, 5}, 3, data::Replacement::without);
  CHECK(sorted(all.order(1, 0)) == Order{0, 2, 3});
}

TEST_CASE("WeightedSampler: refuses weights that are none, and draws that there are not") {
  const auto refusal = [](std::vector<double> weights, std::int64_t draws,
                          data::Replacement replacement = data::Replacement::with) {
    return error_of([&] { data::WeightedSampler(std::move(weights), draws, replacement); });
  };
  CHECK(refusal({1, -1}, 1) == "[WeightedSampler] weight 1 must be finite and >= 0, got -1");
  CHECK(contains(refusal({NAN}, 1), "got nan"));
  CHECK(contains(refusal({1e308, 1e308}, 1), "sum of the weights is not finite"));
  CHECK(contains(refusal({0, 0}, 1), "no weight is above 0"));
  CHECK(contains(refusal({}, 1), "no weight is above 0"));
  CHECK(refusal({}, 0).empty());
  CHECK(contains(refusal({1}, -1), "draws must not be negative, got -1"));
  CHECK(contains(refusal({1, 0, 1}, 3, data::Replacement::without),
                 "3 draws without replacement from 2 weights above 0"));
  // The largest u and the smallest weights pick a sample, and one that weighs something.
  const data::WeightedSampler tiny({0, std::numeric_limits<double>::denorm_min(), 0}, 50);
  for (const std::int64_t index : tiny.order(1, 0)) CHECK(index == 1);
}

TEST_CASE("BalancedSampler: every class equally often, none of its samples twice before all once") {
  const Order label = {0, 0, 2, 0, 2, 0, 0, 5, 0, 0};
  for (const std::int64_t per_class : {0, 1, 5, 7}) {
    const data::BalancedSampler sampler(Tensor::from(label), per_class);
    CHECK(sampler.size() == 3 * per_class);
    std::map<std::int64_t, std::int64_t> of_class, of_sample;
    for (const std::int64_t index : sampler.order(2, 9)) {
      ++of_class[label[static_cast<std::size_t>(index)]];
      ++of_sample[index];
    }
    for (const auto& [number, count] : of_class) CHECK(count == per_class);
    CHECK(of_class.size() == (per_class > 0 ? 3u : 0u));
    const std::map<std::int64_t, std::int64_t> members = {{0, 7}, {2, 2}, {5, 1}};
    for (const auto& [index, count] : of_sample) {
      const std::int64_t n = members.at(label[static_cast<std::size_t>(index)]);
      CHECK((count == per_class / n || count == per_class / n + 1));
    }
  }
  const data::BalancedSampler by_default(Tensor::from<std::uint8_t>({1, 0, 1, 1}));
  CHECK(by_default.size() == 6);
  CHECK(sorted(by_default.order(1, 1)) == Order{0, 1, 1, 1, 2, 3});
  CHECK(data::BalancedSampler(Tensor::from(Order{})).size() == 0);
  CHECK(error_of([] {
          data::BalancedSampler(Tensor::from(Order{0, -1}));
        }) == "[BalancedSampler] label -1 of sample 1 is negative");
  CHECK(contains(error_of([] { data::BalancedSampler(Tensor::zeros({3})); }), "[3] of float32"));
  CHECK(contains(error_of([] { data::BalancedSampler{Tensor()}; }), "undefined"));
}

TEST_CASE("BucketSampler: all samples once, batches of like lengths, the short one last") {
  const std::int64_t n = 2003, batch = 8;
  const Order lengths = lengths_of(n);
  const auto padding = [&](const Order& order) {
    std::int64_t padded = 0;
    for (std::size_t begin = 0; begin < order.size(); begin += batch) {
      std::int64_t longest = 0, sum = 0;
      const std::size_t end = std::min(order.size(), begin + batch);
      for (std::size_t i = begin; i < end; ++i) {
        const std::int64_t length = lengths[static_cast<std::size_t>(order[i])];
        longest = std::max(longest, length);
        sum += length;
      }
      padded += longest * static_cast<std::int64_t>(end - begin) - sum;
    }
    return padded;
  };
  const data::BucketSampler sampler(lengths, batch), small(lengths, batch, 4);
  CHECK(sampler.batch_size() == batch);
  const Order order = sampler.order(1, 2);
  CHECK(sorted(order) == Tensor::arange(n).to_vector<std::int64_t>());
  const std::int64_t shuffled = padding(data::ShuffledSampler(n).order(1, 2));
  CHECK(padding(order) < shuffled / 20);
  CHECK(padding(small.order(1, 2)) < shuffled / 2);
  CHECK(padding(small.order(1, 2)) > padding(order));
  // Batches do not come by length.
  Order firsts;
  for (std::size_t i = 0; i < order.size(); i += batch)
    firsts.push_back(lengths[static_cast<std::size_t>(order[i])]);
  CHECK(!std::is_sorted(firsts.begin(), firsts.end()));
  // Which samples share a batch differs from epoch to epoch.
  CHECK(sorted(Order(order.begin(), order.begin() + batch)) != sorted([&] {
          const Order next = sampler.order(1, 3);
          return Order(next.begin(), next.begin() + batch);
        }()));
}

TEST_CASE("BucketSampler: few samples, equal lengths, bad arguments") {
  CHECK(data::BucketSampler({}, 4).order(1, 0).empty());
  CHECK(sorted(data::BucketSampler({3, 1, 2}, 4).order(1, 0)) == Order{0, 1, 2});
  CHECK(data::BucketSampler({3, 1, 2}, 4).order(1, 0) == Order{1, 2, 0});
  CHECK(sorted(data::BucketSampler(Order(9, 5), 2, INT64_MAX).order(1, 0)).back() == 8);
  CHECK(contains(error_of([] { data::BucketSampler({1}, 0); }), "batch_size must be at least 1"));
  CHECK(contains(error_of([] { data::BucketSampler({1}, 1, 0); }), "at least 1 batch, got 0"));
  CHECK(error_of([] {
          data::BucketSampler({1, -2}, 1);
        }) == "[BucketSampler] the length of sample 1 is negative: -2");
}

TEST_CASE("ShardSampler: shards are of one size and share nothing") {
  for (const std::int64_t n : {0, 1, 9, 10, 11, 12}) {
    const auto whole = std::make_shared<data::ShuffledSampler>(n);
    Order dropped, repeated;
    for (std::int64_t shard = 0; shard < 3; ++shard) {
      const data::ShardSampler drop(whole, shard, 3),
          repeat(whole, shard, 3, data::Leftover::repeat);
      CHECK(drop.size() == n / 3);
      CHECK(repeat.size() == (n + 2) / 3);
      for (const std::int64_t index : drop.order(4, 5)) dropped.push_back(index);
      for (const std::int64_t index : repeat.order(4, 5)) repeated.push_back(index);
    }
    const Order order = whole->order(4, 5);
    CHECK(sorted(dropped) == sorted(Order(order.begin(), order.begin() + n / 3 * 3)));
    std::set<std::int64_t> all(repeated.begin(), repeated.end());
    CHECK(static_cast<std::int64_t>(all.size()) == n);
  }
}

TEST_CASE("ShardSampler: deals whole batches of a sampler that makes them") {
  const Order lengths = lengths_of(43);
  const auto whole = std::make_shared<data::BucketSampler>(lengths, 4);
  const Order order = whole->order(1, 0);
  const data::ShardSampler drop(whole, 1, 3), repeat(whole, 2, 3, data::Leftover::repeat);
  CHECK(drop.batch_size() == 4);
  CHECK(drop.size() == 12);
  const Order mine = drop.order(1, 0);
  for (std::int64_t batch = 0; batch < 3; ++batch)
    CHECK(std::equal(mine.begin() + 4 * batch, mine.begin() + 4 * batch + 4,
                     order.begin() + 4 * (3 * batch + 1)));
  CHECK(repeat.size() == 16);
  CHECK(repeat.order(1, 0).back() == order[(4 * 11 + 3) % 43]);
  CHECK(error_of([] { data::ShardSampler(nullptr, 0, 1); }) ==
        "[ShardSampler] the sampler is null");
  CHECK(contains(error_of([&] { data::ShardSampler(whole, 3, 3); }), "[0, 3)"));
  CHECK(contains(error_of([&] { data::ShardSampler(whole, 0, 0); }), "at least 1 shard"));
}
