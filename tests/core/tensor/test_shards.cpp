#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/core.hpp>

#include "../../support/errors.hpp"
#include "../../support/random.hpp"

using namespace plumb;
using test::error_of;

namespace {

// The tree by its definition: node (level, index) is the sum of its halves.
float tree(const std::vector<float>& leaves, int level, std::size_t index) {
  const std::size_t first = index << level;
  if (level == 0) return leaves[first];
  const float left = tree(leaves, level - 1, 2 * index);
  const std::size_t middle = (2 * index + 1) << (level - 1);
  return middle < leaves.size() ? left + tree(leaves, level - 1, 2 * index + 1) : left;
}

std::vector<float> leaves_of(std::int64_t shards) {
  return test::normal({shards}, DType::float32).to_vector<float>();
}

std::vector<std::pair<int, std::int64_t>> nodes(std::int64_t shards, ShardRange range) {
  std::vector<std::pair<int, std::int64_t>> found;
  for (const ShardSum::Node& node : ShardSum::nodes_of(shards, range))
    found.emplace_back(node.level, node.index);
  return found;
}

}  // namespace

TEST_CASE("even_part: parts follow each other, fill the whole and differ by one at most") {
  for (std::int64_t n = 0; n < 20; ++n)
    for (std::int64_t parts = 1; parts < 12; ++parts) {
      std::int64_t end = 0;
      for (std::int64_t part = 0; part < parts; ++part) {
        const ShardRange range = even_part(n, parts, part);
        CHECK(range.begin == end);
        CHECK(range.begin == n * part / parts);
        CHECK(range.size() >= n / parts);
        CHECK(range.size() <= n / parts + 1);
        end = range.end;
      }
      CHECK(end == n);
    }
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  CHECK(even_part(most, 1000, 999).end == most);
  CHECK(error_of([] { even_part(5, 2, 2); }) == "[even_part] there is no part 2 of 2 of 5");
  CHECK(error_of([] { even_part(5, 0, 0); }) == "[even_part] there is no part 0 of 0 of 5");
  CHECK(error_of([] { even_part(-1, 1, 0); }) == "[even_part] there is no part 0 of 1 of -1");
}

TEST_CASE("ShardSum: the order of additions is that of the tree, wherever shards are added") {
  for (std::int64_t shards = 1; shards <= 17; ++shards) {
    const std::vector<float> leaves = leaves_of(shards);
    int root = 0;
    while ((1 << root) < shards) ++root;
    const float expected = tree(leaves, root, 0);
    for (std::int64_t ranks = 1; ranks <= shards; ++ranks) {
      ShardSum whole(shards);
      for (std::int64_t rank = 0; rank < ranks; ++rank) {
        const ShardRange mine = even_part(shards, ranks, rank);
        ShardSum sum(shards);
        for (std::int64_t shard = mine.begin; shard < mine.end; ++shard)
          sum.add(shard, {Tensor::from({leaves[static_cast<std::size_t>(shard)]}), Tensor()});
        for (const ShardSum::Node& node : sum.nodes()) whole.add(node);
      }
      const std::vector<Tensor> total = std::move(whole).total();
      CHECK(total[0].item<float>() == expected);
      CHECK_FALSE(total[1].defined());
    }
  }
}

TEST_CASE("ShardSum: what a rank holds comes to as few nodes as there are") {
  using Nodes = std::vector<std::pair<int, std::int64_t>>;
  CHECK(nodes(8, {0, 8}) == Nodes{{3, 0}});
  CHECK(nodes(8, {4, 8}) == Nodes{{2, 1}});
  CHECK(nodes(8, {0, 2}) == Nodes{{1, 0}});
  CHECK(nodes(8, {2, 5}) == Nodes{{1, 1}, {0, 4}});
  CHECK(nodes(8, {5, 8}) == Nodes{{0, 5}, {1, 3}});
  // With six shards 4 and 5 are all of the upper half.
  CHECK(nodes(6, {4, 6}) == Nodes{{2, 1}});
  CHECK(nodes(5, {4, 5}) == Nodes{{2, 1}});
  CHECK(nodes(1, {0, 1}) == Nodes{{0, 0}});
  CHECK(nodes(8, {3, 3}).empty());
}

TEST_CASE("ShardSum: integers are added exactly, and what does not fit is refused") {
  const std::int64_t large = (std::int64_t{1} << 53) + 1;
  ShardSum sum(2);
  sum.add(0, {Tensor::from({large})});
  CHECK(error_of([&] { ShardSum(sum).total(); }) ==
        "[ShardSum] not all of 2 shards have been added");
  CHECK(error_of([&] { sum.add(0, {Tensor::from({large})}); }) ==
        "[ShardSum] shard 0 comes behind shard 0");
  CHECK(error_of([&] { sum.add(2, {Tensor::from({large})}); }) ==
        "[ShardSum] there is no node 2 of level 0 over 2 shards");
  CHECK(error_of([&] { ShardSum(sum).add(1, {}); }) == "[ShardSum] shards give 1 and 0 tensors");
  CHECK(error_of([&] { ShardSum(sum).add(1, {Tensor::ones({2})}); }) ==
        "[ShardSum] shards give tensors of different shapes");
  CHECK(error_of([] { ShardSum none(0); }) == "[ShardSum] expected at least one shard, got 0");
  sum.add(1, {Tensor::from({large})});
  CHECK(std::move(sum).total()[0].item<std::int64_t>() == 2 * large);
}
