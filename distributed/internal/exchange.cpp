#include "exchange.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "sparse.hpp"

namespace plumb::distributed::detail {
namespace {

// Where elements of a flat tensor lie in its memory.
ByteRange bytes_of(const Tensor& x, ShardRange elements) {
  const std::size_t size = size_of(x.dtype());
  return {static_cast<std::size_t>(elements.begin) * size,
          static_cast<std::size_t>(elements.size()) * size};
}

Tensor as_tensor(const std::vector<std::byte>& bytes) {
  Tensor tensor = Tensor::empty({static_cast<std::int64_t>(bytes.size())}, DType::uint8);
  std::copy(bytes.begin(), bytes.end(), tensor.mutable_raw());
  return tensor;
}

}  // namespace

Exchange::Nodes Exchange::nodes_of(int rank, const Nodes& mine) const {
  Nodes nodes = ShardSum::nodes_of(shards_, shards_of(rank));
  for (std::size_t k = 0; k < nodes.size(); ++k) {
    nodes[k].sums.resize(mine[0].sums.size());
    if (rank != all_.rank()) continue;
    for (std::size_t i = 0; i < mine[k].sums.size(); ++i) {
      const ShardRange slice = slice_of(mine[k].sums[i], rank);
      if (!slice.empty()) nodes[k].sums[i] = mine[k].sums[i].rows(slice.begin, slice.end);
    }
  }
  return nodes;
}

// One call for the first node of each rank, one for the second, ...: mostly each has one.
Exchange::Nodes WholeExchange::scatter(const std::string& what, const Nodes& mine) {
  const auto ranks = static_cast<std::size_t>(all_.size());
  std::vector<Nodes> of_rank;
  std::size_t rounds = 0;
  for (int r = 0; r < all_.size(); ++r) {
    of_rank.push_back(nodes_of(r, mine));
    rounds = std::max(rounds, of_rank.back().size());
  }
  for (std::size_t i = 0; i < mine[0].sums.size(); ++i) {
    const Tensor& like = mine[0].sums[i];
    if (!like.defined()) continue;
    const std::int64_t own = slice_of(like, all_.rank()).size();
    for (std::size_t k = 0; k < rounds; ++k) {
      const Tensor in = Tensor::empty({all_.size(), own}, like.dtype());
      std::vector<ByteRange> sent(ranks), received(ranks);
      for (int rank = 0; rank < all_.size(); ++rank) {
        const auto r = static_cast<std::size_t>(rank);
        if (rank == all_.rank()) continue;
        if (k < mine.size()) sent[r] = bytes_of(like, slice_of(like, rank));
        if (k >= of_rank[r].size() || own == 0) continue;
        received[r] = bytes_of(like, {rank * own, (rank + 1) * own});
        of_rank[r][k].sums[i] = in.rows(rank, rank + 1).reshape({own});
      }
      all_.start_all_to_all(k < mine.size() ? mine[k].sums[i] : like, sent, in, received);
    }
  }
  all_.finish(what);
  Nodes nodes;
  for (Nodes& some : of_rank)
    nodes.insert(nodes.end(), std::make_move_iterator(some.begin()),
                 std::make_move_iterator(some.end()));
  return nodes;
}

void WholeExchange::gather(const std::string& what, std::vector<Tensor>& tensors) {
  for (const Tensor& x : tensors) {
    if (!x.defined()) continue;
    std::vector<ByteRange> slices;
    for (int r = 0; r < all_.size(); ++r) slices.push_back(bytes_of(x, slice_of(x, r)));
    all_.start_all_gather(x, slices);
  }
  all_.finish(what);
}

Exchange::Nodes SparseExchange::scatter(const std::string& what, const Nodes& mine) {
  const auto ranks = static_cast<std::size_t>(all_.size());
  std::vector<std::byte> out;
  std::vector<ByteRange> sent(ranks), received(ranks);
  Tensor give = Tensor::empty({all_.size()}, DType::int64), take = give.clone();
  std::vector<ByteRange> words(ranks);
  for (int rank = 0; rank < all_.size(); ++rank) {
    const auto r = static_cast<std::size_t>(rank);
    sent[r].begin = out.size();
    if (rank == all_.rank()) continue;
    for (const ShardSum::Node& node : mine)
      for (const Tensor& x : node.sums)
        if (!slice_of(x, rank).empty()) append_sparse(out, x, slice_of(x, rank));
    sent[r].size = out.size() - sent[r].begin;
    give.mutable_data<std::int64_t>()[r] = static_cast<std::int64_t>(sent[r].size);
    words[r] = {r * sizeof(std::int64_t), sizeof(std::int64_t)};
  }
  all_.start_all_to_all(give, words, take, words);
  all_.finish(what);

  std::size_t total = 0;
  for (std::size_t r = 0; r < ranks; ++r) {
    if (words[r].size == 0) continue;
    received[r] = {total, static_cast<std::size_t>(take.data<std::int64_t>()[r])};
    total += received[r].size;
  }
  const Tensor in = Tensor::empty({static_cast<std::int64_t>(total)}, DType::uint8);
  all_.start_all_to_all(as_tensor(out), sent, in, received);
  all_.finish(what);

  Nodes nodes;
  const std::byte* from = in.raw();
  for (int rank = 0; rank < all_.size(); ++rank)
    for (ShardSum::Node& node : nodes_of(rank, mine)) {
      for (std::size_t i = 0; i < node.sums.size(); ++i) {
        const Tensor& like = mine[0].sums[i];
        const std::int64_t own = slice_of(like, all_.rank()).size();
        if (rank == all_.rank() || own == 0) continue;
        node.sums[i] = Tensor::empty({own}, like.dtype());
        take_sparse(from, node.sums[i]);
      }
      nodes.push_back(std::move(node));
    }
  return nodes;
}

void SparseExchange::gather(const std::string& what, std::vector<Tensor>& tensors) {
  std::vector<std::byte> own;
  for (const Tensor& x : tensors)
    if (!slice_of(x, all_.rank()).empty()) append_sparse(own, x, slice_of(x, all_.rank()));
  std::vector<ByteRange> ranges;
  std::size_t total = 0;
  for (const std::uint64_t size : all_.gather_words(what, {own.size()})) {
    ranges.push_back({total, static_cast<std::size_t>(size)});
    total += ranges.back().size;
  }
  Tensor bytes = Tensor::empty({static_cast<std::int64_t>(total)}, DType::uint8);
  std::copy(own.begin(), own.end(),
            bytes.mutable_raw() + ranges[static_cast<std::size_t>(all_.rank())].begin);
  all_.start_all_gather(bytes, ranges);
  all_.finish(what);
  const std::byte* from = bytes.raw();
  for (int r = 0; r < all_.size(); ++r)
    for (const Tensor& x : tensors) {
      if (slice_of(x, r).empty()) continue;
      Tensor part = x.rows(slice_of(x, r).begin, slice_of(x, r).end);
      take_sparse(from, part);
    }
}

}  // namespace plumb::distributed::detail
