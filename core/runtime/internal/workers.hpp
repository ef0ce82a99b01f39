// The threads that share out the chunks of one loop at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "../forks.hpp"
#include "../parallel.hpp"
#include "helper_limit.hpp"

namespace plumb::detail {

class FirstFailure;

/// Helper threads, started when first wanted. The caller of a loop takes chunks too, and at its end
/// waits for the chunks that were begun, not for the threads: one that gets no processor holds up
/// nothing. An OpenMP region waits for all of its threads. Beside one other busy program on two
/// processors a region of 20 us then took 2 to 6 ms, a loop here 14 to 24 us.
class Workers {
 public:
  /// Those of the process. Never destroyed: threads may wait here when the program ends. The child of
  /// a fork() gets new ones, whatever its parent's threads were doing.
  static Workers& instance();

  /// Calls function(context, chunk) for every chunk in [0, chunks) on up to `threads` threads, in the
  /// caller's floating-point mode. Rethrows the exception of the lowest chunk that threw. Returns
  /// false, having called nothing, where the threads are busy with another caller's loop or have no
  /// processors, or there are 2^32 chunks or more. Throws in the child of a fork() within a chunk
  /// where other threads had chunks in hand.
  bool run(std::int64_t chunks, int threads, ChunkFunction function, void* context);

 private:
  static constexpr int most_shares = 64;

  int start(int helpers);
  void take_share(std::uint64_t loop, int share);
  void take_chunks(std::uint64_t loop, int thread);
  void work(int id);
  std::uint64_t wait_for_loop_after(std::uint64_t seen);
  bool all_done_soon(std::int64_t chunks) const;
  void wait_for(std::int64_t chunks) const;

  const std::uint32_t forks_ = forks();  // of the process that the threads are in

  std::mutex owner_;  // of the loop that runs
  int started_ = 0;
  HelperLimit helper_limit_;

  // The loop that runs. Written by its caller before the tickets open it; atomic because a thread
  // that comes late reads them while the next loop is being prepared, and then claims no chunk.
  std::atomic<ChunkFunction> function_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<FirstFailure*> failure_{nullptr};
  std::atomic<std::uint32_t> mode_{0};  // the caller's, for floating-point numbers
  std::atomic<std::int64_t> chunks_{0};
  std::atomic<int> helpers_{0};
  std::atomic<int> shares_{0};

  // Consecutive chunks, a share for each thread. A thread begins with its own and then helps the
  // others: what it wrote in one loop, it finds in its own cache in the next.
  struct alignas(64) Share {
    std::atomic<std::uint64_t> ticket{0};  // number of the loop, and the next chunk of the share
  };
  Share share_[most_shares];

  alignas(64) std::atomic<std::uint64_t> loop_{0};  // number of the loop
  alignas(64) std::atomic<std::int64_t> done_{0};   // chunks that have ended
  alignas(64) std::atomic<int> sleeping_{0};
  std::mutex sleep_;
  std::condition_variable wake_;
};

/// Whether the calling thread is running a chunk.
bool inside_loop();

}  // namespace plumb::detail
