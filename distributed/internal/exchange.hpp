// How slices of gradients get from rank to rank: whole, or without what is 0.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../../core/tensor/shards.hpp"
#include "collectives.hpp"

namespace plumb::distributed::detail {

/// Every rank has the nodes of some shards, each a list of flat tensors of the same sizes and types on all ranks,
/// some perhaps undefined on all. Of each tensor, slice r is rank r's to add: even_part(numel, ranks, r).
class Exchange {
 public:
  using Nodes = std::vector<ShardSum::Node>;

  /// Ranks have shards in rising order, evenly.
  Exchange(Collectives& all, std::int64_t shards) : all_(all), shards_(shards) {}
  virtual ~Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  ShardRange shards_of(int rank) const { return even_part(shards_, all_.size(), rank); }

  /// Gives every rank its slices of `mine`, and finishes what else was started. Returns the nodes of all ranks in
  /// rising order, of each tensor the slice of this rank: those of its own share `mine`'s memory.
  virtual Nodes scatter(const std::string& what, const Nodes& mine) = 0;
  /// Writes the slices of all ranks, of which this one has its own in place, into `tensors`.
  virtual void gather(const std::string& what, std::vector<Tensor>& tensors) = 0;

  ShardRange slice_of(const Tensor& x, int rank) const {
    return x.defined() ? even_part(x.numel(), all_.size(), rank) : ShardRange();
  }

 protected:
  /// The nodes of a rank, with undefined tensors; for the own rank, with slices of them.
  Nodes nodes_of(int rank, const Nodes& mine) const;

  Collectives& all_;

 private:
  std::int64_t shards_;
};

/// Sends all elements, out of the tensors and into them.
class WholeExchange : public Exchange {
 public:
  using Exchange::Exchange;
  Nodes scatter(const std::string& what, const Nodes& mine) override;
  void gather(const std::string& what, std::vector<Tensor>& tensors) override;
};

/// Sends bits and values, indices and values, or all, whichever is shortest for a slice. Ranks first tell one another
/// how much will come.
class SparseExchange : public Exchange {
 public:
  using Exchange::Exchange;
  Nodes scatter(const std::string& what, const Nodes& mine) override;
  void gather(const std::string& what, std::vector<Tensor>& tensors) override;
};

}  // namespace plumb::distributed::detail
