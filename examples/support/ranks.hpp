// Ranks: the processes of mpirun that train together, or this one alone.
#pragma once

#include <cstdint>
#include <memory>
#include <plumb/core/io/state_dict.hpp>
#include <plumb/data/loader.hpp>
#include <plumb/nn/sharded_gradient.hpp>
#include <string>
#include <vector>

/// All of one mpirun, in a program that is built with plumb::distributed. Rank 0 alone prints: what the others
/// write to stdout is lost.
class Ranks {
 public:
  /// Throws where mpirun has started several processes of a program that is built without MPI. `stall_seconds` is
  /// that of ProcessesOptions.
  explicit Ranks(double stall_seconds);
  ~Ranks();

  /// Whether an mpirun has started this process, if alone.
  static bool started_by_mpirun();
  int size() const;
  bool first() const;
  int on_this_host() const;
  /// What computes the gradients of a model whose batches are cut into `shards`.
  std::unique_ptr<plumb::nn::ShardedGradient> sharded(plumb::nn::Module& model,
                                                      std::int64_t shards) const;
  /// The shards of this rank, for a loader.
  plumb::data::LoaderPart part(std::int64_t shards) const;
  /// And which of so many samples of a batch they are.
  plumb::ShardRange samples(std::int64_t shards, std::int64_t of_batch) const;
  /// Rank 0's.
  plumb::StateDict broadcast(const plumb::StateDict& state) const;
  /// What each rank passes, in their order.
  std::vector<plumb::StateDict> gather(const plumb::StateDict& state) const;
  /// The signal by which all stop after the step that was the last, 0 for none; one of several ranks has
  /// noted it.
  int stop_signal() const;
  /// Asks all ranks, between two steps.
  void agree_to_stop() const;

 private:
  struct Processes;
  std::unique_ptr<Processes> processes_;
};
