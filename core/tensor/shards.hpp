// Shards: a batch cut by position, and the fixed tree along which what its parts give is added.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "tensor.hpp"

namespace plumb {

/// Numbers [begin, end): shards of a rank, samples of a shard.
struct ShardRange {
  std::int64_t begin = 0, end = 0;

  std::int64_t size() const { return end - begin; }
  bool empty() const { return end <= begin; }
  bool operator==(const ShardRange& other) const {
    return begin == other.begin && end == other.end;
  }
};

/// Part `part` of `parts` of [0, n): [part n / parts, (part + 1) n / parts), rounded down. Sizes
/// differ by one at most; where n < parts some are empty. Throws for a negative n, fewer than 1
/// part, and a part outside [0, parts).
ShardRange even_part(std::int64_t n, std::int64_t parts, std::int64_t part);

/// The sum of what each of a batch's shards gives, always in the same order of additions: along a
/// binary tree over shard numbers. Node (k, i) is the sum of shards [i 2^k, (i + 1) 2^k), those
/// that there are: that of its halves, the lower one first. So whoever has the shards of a whole
/// node may add them, wherever the rest is added, and the bits are the same.
///
///     ShardSum sum(8);
///     for (std::int64_t shard = 0; shard < 8; ++shard) sum.add(shard, {gradient_of(shard)});
///     const Tensor total = std::move(sum).total()[0];
///
/// At most log2(shards) + 1 sums are held at a time.
class ShardSum {
 public:
  struct Node {
    int level = 0;
    std::int64_t index = 0;
    std::vector<Tensor> sums = {};
  };

  /// Throws unless there is at least one shard.
  explicit ShardSum(std::int64_t shards);

  /// Adds what a shard gave; the tensors are taken over and may be changed. Shards and nodes come
  /// in rising order, and all have tensors of the same shapes, some perhaps undefined in all.
  void add(std::int64_t shard, std::vector<Tensor> tensors) { add({0, shard, std::move(tensors)}); }
  /// Adds what has been added elsewhere.
  void add(Node node);

  /// What has been added so far, in as few nodes as there can be.
  const std::vector<Node>& nodes() const& { return nodes_; }
  std::vector<Node> nodes() && { return std::move(nodes_); }
  /// The sum of all shards. Throws where some are missing.
  std::vector<Tensor> total() &&;

  /// The nodes that shards [range.begin, range.end) come to, without tensors.
  static std::vector<Node> nodes_of(std::int64_t shards, ShardRange range);

 private:
  std::int64_t first(const Node& node) const { return node.index << node.level; }
  std::int64_t behind(const Node& node) const;
  void promote(Node& node) const;

  std::int64_t shards_;
  int root_ = 0;  // level
  std::vector<Node> nodes_;
};

/// to = sum / by, as operator/ would. For floating tensors; `to` may be `sum`.
void divide_into(Tensor& to, const Tensor& sum, double by);

}  // namespace plumb
