// Threads that make batches ahead of the one who takes them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "../dataset.hpp"

namespace plumb::data::detail {

// Makes batches first, ..., end - 1 on several threads and hands them out in that order. Destroying
// it stops the threads, after the batches they are in the middle of.
class Prefetcher {
 public:
  using Make = std::function<Batch(std::int64_t number)>;

  // At most `depth` batches are ready or in the making. Throws when a thread cannot be started.
  Prefetcher(int threads, std::int64_t depth, std::int64_t first, std::int64_t end, Make make);
  ~Prefetcher();

  // The next batch; waits for it. In the child of a fork(), which has none of the threads, new ones
  // make what was not taken yet. Throws what `make` threw for it, after which there is no next.
  Batch next();

 private:
  struct Shared;

  void start();
  bool forked() const;

  int threads_;
  std::int64_t depth_, next_, end_;
  Make make_;
  std::uint32_t forks_;  // of the process that the threads are in
  std::unique_ptr<Shared> shared_;
};

}  // namespace plumb::data::detail
