// DataParallel: a training step whose batch is spread over many processes, with the bits of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../data/loader.hpp"
#include "../nn/sharded_gradient.hpp"
#include "processes.hpp"

namespace plumb::distributed {

namespace detail {
class Exchange;
}

/// How a batch is spread, and how often it is made sure that all ranks are alike.
struct DataParallelOptions {
  /// Parts that every batch is cut into: at least as many as there are ranks. Results depend on it, and
  /// not on the number of ranks, so it belongs to the run and into its checkpoints.
  std::int64_t shards = 8;
  /// Steps from one comparison of parameters, buffers and random streams to the next; 0: never. The
  /// first three steps compare as well.
  std::int64_t check_every = 100;
  /// Above 0: ShardedGradient::accumulate_below, and what is 0 then is not sent. Two more exchanges a
  /// step tell how much there is. A checkpoint needs what is held back: see gather_state().
  double accumulate_below = 0;
};

/// An nn::ShardedGradient whose shards are computed by all ranks, a few consecutive ones by each:
///
/// ```
/// distributed::Processes processes;
/// distributed::DataParallel parallel(processes, model);
/// for (const data::Batch& batch : loader) {
///   const double loss = parallel.backward(batch, [&](const data::Batch& part) {
///     return nn::cross_entropy(model(part.x), part.y);
///   });
///   optimizer.step();
/// }
/// ```
///
/// Every rank runs the same program and comes to the same gradients, and so to the same parameters, bit
/// for bit those of one process with as many shards: also where a run on four ranks is stopped and goes
/// on with three. Of a batch, a rank uses the samples of its own shards alone; a loader with part() in its
/// options gathers no others. Where ranks have unlike batches, by their numbers of samples or the fingerprints that a
/// loader gives them, backward() throws on all of them.
///
/// Gradients are exchanged in slices: rank r gets slice r of what every rank has added, adds it along
/// the tree of ShardSum, divides it, and all gather the slices. With R ranks that each hold a whole subtree a
/// rank sends 2 (R - 1) / R of the gradient's size a step, the least that is possible. Losses and what else a
/// rank has to say travel with it.
class DataParallel : public nn::ShardedGradient {
 public:
  /// From here on the model's parameters, buffers and random streams are rank 0's. Throws for options out of
  /// their ranges, more ranks than shards, and a model that is another one than rank 0's.
  DataParallel(Processes& processes, nn::Module& model, const DataParallelOptions& options = {});
  ~DataParallel() override;

  /// For the loader's options: the shards of this rank.
  data::LoaderPart part() const { return {shards(), mine().begin, mine().end}; }

  /// Gives every rank what all of them hold back, for the checkpoint that rank 0 saves: between two steps, on
  /// all ranks. It is as large as a model for each shard, and stays until the next step. A checkpoint that has
  /// it, checkpoint.add("parallel", parallel), goes on with any number of ranks.
  void gather_state();

 private:
  Sums combine(Sums mine) override;
  void begin_step(std::int64_t samples, std::uint64_t fingerprint) override;
  std::vector<std::uint64_t> header_of(const Sums& mine) const;
  void read_header(const std::uint64_t* words, int rank, Sums& total);
  [[noreturn]] void name_difference() const;
  std::string name_of(std::size_t entry) const;

  Processes& processes_;
  std::int64_t check_every_;
  std::unique_ptr<detail::Exchange> exchange_;
  std::int64_t step_ = 0;
  std::uint64_t samples_ = 0, fingerprint_ = 0;  // of the batch
  std::vector<std::uint64_t> entries_;  // hashes before the step; empty where it compares none
  std::uint64_t hash_ = 0;              // of the three
};

}  // namespace plumb::distributed
