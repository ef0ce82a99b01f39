#include "shards.hpp"

#include <algorithm>
#include <utility>

#include "../kernels/accumulate.hpp"
#include "../kernels/arithmetic.hpp"
#include "../runtime/floating_point.hpp"
#include "../runtime/internal/fail.hpp"
#include "operators.hpp"

namespace plumb {
namespace {

void add_to(Tensor& sum, const Tensor& x) {
  if (sum.defined() != x.defined() ||
      (x.defined() && (sum.shape() != x.shape() || sum.dtype() != x.dtype())))
    fail("ShardSum", "shards give tensors of different shapes");
  if (!x.defined()) return;
  if (is_floating(x.dtype()))
    kernel::accumulate(sum, x);
  else
    sum = sum + x;
}

}  // namespace

ShardRange even_part(std::int64_t n, std::int64_t parts, std::int64_t part) {
  if (n < 0 || parts < 1 || part < 0 || part >= parts)
    fail("even_part", "there is no part ", part, " of ", parts, " of ", n);
  // part * n could overflow.
  const std::int64_t whole = n / parts, rest = n % parts;
  return {part * whole + part * rest / parts, (part + 1) * whole + (part + 1) * rest / parts};
}

ShardSum::ShardSum(std::int64_t shards) : shards_(shards) {
  if (shards < 1) fail("ShardSum", "expected at least one shard, got ", shards);
  while ((std::int64_t{1} << root_) < shards) ++root_;
}

std::int64_t ShardSum::behind(const Node& node) const {
  return std::min((node.index + 1) << node.level, shards_);
}

// A node whose sibling has no shards is all of its parent.
void ShardSum::promote(Node& node) const {
  while (node.level < root_ && node.index % 2 == 0 && behind(node) == shards_) {
    ++node.level;
    node.index /= 2;
  }
}

void ShardSum::add(Node node) {
  if (node.level < 0 || node.level > root_ || node.index < 0 || first(node) >= shards_)
    fail("ShardSum", "there is no node ", node.index, " of level ", node.level, " over ", shards_,
         " shards");
  if (!nodes_.empty() && first(node) < behind(nodes_.back()))
    fail("ShardSum", "shard ", first(node), " comes behind shard ", behind(nodes_.back()) - 1);
  const detail::FloatingPointMode mode;
  promote(node);
  while (!nodes_.empty() && node.index % 2 == 1 && nodes_.back().level == node.level &&
         nodes_.back().index == node.index - 1) {
    Node left = std::move(nodes_.back());
    nodes_.pop_back();
    if (left.sums.size() != node.sums.size())
      fail("ShardSum", "shards give ", static_cast<std::int64_t>(left.sums.size()), " and ",
           static_cast<std::int64_t>(node.sums.size()), " tensors");
    for (std::size_t i = 0; i < left.sums.size(); ++i) add_to(left.sums[i], node.sums[i]);
    node = {left.level + 1, left.index / 2, std::move(left.sums)};
    promote(node);
  }
  nodes_.push_back(std::move(node));
}

std::vector<Tensor> ShardSum::total() && {
  if (nodes_.size() != 1 || nodes_[0].level != root_)
    fail("ShardSum", "not all of ", shards_, " shards have been added");
  return std::move(nodes_[0].sums);
}

std::vector<ShardSum::Node> ShardSum::nodes_of(std::int64_t shards, ShardRange range) {
  ShardSum sum(shards);
  for (std::int64_t shard = range.begin; shard < range.end; ++shard) sum.add(shard, {});
  return std::move(sum).nodes();
}

void divide_into(Tensor& to, const Tensor& sum, double by) {
  const detail::FloatingPointMode mode;
  kernel::divide_into(to, Write::overwrite, sum, by);
}

}  // namespace plumb
