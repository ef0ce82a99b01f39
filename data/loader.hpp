// DataLoader: epochs of shuffled mini-batches, made ahead by threads if wanted, resumable.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "../core/io/state_dict.hpp"
#include "dataset.hpp"
#include "sampler.hpp"

namespace plumb::data {

/// Which shards of every batch a loader gathers: [first, last) of `shards`, as even_part() cuts them.
struct LoaderPart {
  std::int64_t shards = 1;
  std::int64_t first = 0;
  std::int64_t last = 1;
};

/// How a DataLoader makes batches.
struct LoaderOptions {
  /// >= 1; may exceed the dataset: then an epoch is one short batch.
  std::int64_t batch_size = 64;
  bool shuffle = false;       ///< Another order every epoch; otherwise that of the dataset.
  bool drop_last = false;     ///< Leave out the last batch of an epoch where it is short.
  std::uint64_t seed = 0;     ///< Of the shuffling, or the sampler, alone.
  int threads = 0;            ///< In [0, 256] that gather; 0: the calling thread does.
  std::int64_t prefetch = 2;  ///< Batches made ahead for each thread, in [1, 65536].
  /// What an epoch consists of, where that is neither the dataset's order nor a shuffled one.
  std::shared_ptr<const Sampler> sampler = nullptr;
  /// Of every batch the samples of these shards alone are gathered: what one of several processes
  /// needs. Batches, order, position and state are those of the whole.
  LoaderPart part = {};

  /// Throws "[DataLoader] batch_size must be at least 1, got 0" and the like, also for shuffle
  /// beside a sampler, and a sampler that is made for another batch size.
  void check() const;
};

/// Gives a dataset's samples in mini-batches. One loop over the loader is one epoch:
///
///     data::DataLoader loader(dataset, options);
///     for (int epoch = 0; epoch < 5; ++epoch)
///       for (const data::Batch& batch : loader) step(batch.x, batch.y);
///
/// The order of epoch e is a pure function of (seed, e), with a sampler too, and batches are the same and come in the
/// same order for any number of threads. A loop that is left early ends its epoch: the next one is
/// another. An empty dataset gives no batches.
///
/// What the dataset throws reaches the caller, from begin() or ++, as an Error that names the
/// sample: "[DataLoader] sample 17 (batch 2 of epoch 0): ...", with the original nested in it
/// (std::rethrow_if_nested). To find the sample, the samples of the batch are gathered again one at
/// a time. The position stays at the failed batch; the next loop begins a new epoch. An epoch or a
/// batch for whose indices there is no memory is an Error too.
class DataLoader {
 public:
  class Iterator;
  class End {};

  /// Throws for a null dataset and for options out of their ranges.
  explicit DataLoader(std::shared_ptr<const Dataset> dataset, const LoaderOptions& options = {});
  /// Waits for the batches that the threads are in the middle of.
  ~DataLoader();
  DataLoader(DataLoader&&) noexcept;
  DataLoader& operator=(DataLoader&&) noexcept;

  /// Starts the next epoch, or goes on with the one that load_state_dict brought. Iterators of an
  /// earlier loop become invalid, and say so when used.
  Iterator begin() &;
  End end() const { return {}; }

  /// Batches in an epoch.
  std::int64_t batches() const;
  /// The epoch that is running, or the next one between two loops; the first is 0.
  std::int64_t epoch() const;
  /// Batches of that epoch that were delivered, the one in the loop's hands included.
  std::int64_t position() const;
  const Dataset& dataset() const&;
  const Dataset& dataset() const&& = delete;
  LoaderOptions options() const;

  /// Epoch, position and seed, and what they hold for: the numbers of samples and of a batch,
  /// shuffle and drop_last, and the sampler's description. May be taken within a loop: the batch in hand counts as done.
  StateDict state_dict() const;
  /// Takes over epoch, position and seed. The next loop delivers what is left of that epoch:
  /// nothing if the state was taken while its last batch was in hand. A running loop ends: its
  /// iterators become invalid. Throws, changing nothing, when an entry is missing or out of range,
  /// or when number of samples, batch size, shuffle, drop_last or the sampler's description differ
  /// from this loader's. Threads and prefetch may differ.
  void load_state_dict(const StateDict& state);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Stands at a batch of a running epoch; made for range-for.
class DataLoader::Iterator {
 public:
  /// The batch, which stays until ++; copies of its tensors may be kept. `*loader.begin()` is a copy.
  const Batch& operator*() const&;
  Batch operator*() && { return *std::as_const(*this); }
  const Batch* operator->() const { return &**this; }
  Iterator& operator++();
  bool operator!=(End) const { return state_ != nullptr; }
  bool operator==(End) const { return state_ == nullptr; }

 private:
  friend class DataLoader;
  Iterator(State* state, std::uint64_t loop) : state_(state), loop_(loop) {}
  void check() const;

  State* state_;  // null at the end
  std::uint64_t loop_;
};

}  // namespace plumb::data
