#include "workers.hpp"

#include <sys/resource.h>

#include <chrono>
#include <exception>
#include <memory>
#include <system_error>
#include <thread>

#include "../floating_point.hpp"
#include "../internal/fail.hpp"

namespace plumb::detail {
namespace {

thread_local bool running_chunks = false;

constexpr int chunk_bits = 32;
constexpr std::uint64_t chunk_mask = (std::uint64_t{1} << chunk_bits) - 1;

// A helper looks for the next loop this often before it sleeps: some 100 us, longer than the
// stretches between the loops of a training step.
constexpr int spins_before_sleep = 20'000;

// The caller looks this often whether the others are done before it offers them its processor.
constexpr int spins_before_yield = 2'000;

// Where a share begins and the one before it ends.
std::uint64_t first_chunk(int share, int shares, std::int64_t chunks) {
  return static_cast<std::uint64_t>(chunks) * static_cast<std::uint64_t>(share) /
         static_cast<std::uint64_t>(shares);
}

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

// The exception of the lowest chunk that threw: which one arrives does not depend on timing.
class FirstFailure {
 public:
  void record(std::int64_t chunk) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (failure_ && chunk >= chunk_) return;
    chunk_ = chunk;
    failure_ = std::current_exception();
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::mutex mutex_;
  std::int64_t chunk_ = 0;
  std::exception_ptr failure_;
};

// Whether the calling thread has lost its processor to another since it was last asked.
bool was_interrupted() {
  thread_local long before = 0;
  rusage usage;
  ::getrusage(RUSAGE_THREAD, &usage);
  const bool more = usage.ru_nivcsw > before;
  before = usage.ru_nivcsw;
  return more;
}

bool inside_loop() { return running_chunks; }

Workers& Workers::instance() {
  static std::atomic<Workers*> current{nullptr};
  Workers* workers = current.load(std::memory_order_acquire);
  while (workers == nullptr || workers->forks_ != forks()) {
    auto mine = std::make_unique<Workers>();
    if (current.compare_exchange_strong(workers, mine.get(), std::memory_order_acq_rel))
      workers = mine.release();
  }
  return *workers;
}

bool Workers::run(std::int64_t chunks, int threads, ChunkFunction function, void* context) {
  if (static_cast<std::uint64_t>(chunks) >= chunk_mask) return false;
  const std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
  if (!owner) return false;
  const auto started = HelperLimit::Clock::now();
  const int helpers = helper_limit_.helpers(start(threads - 1), started);
  if (helpers == 0) return false;
  const int shares = helpers < most_shares ? helpers + 1 : most_shares;
  FirstFailure failure;
  const int before = shares_.load(std::memory_order_relaxed);
  for (int share = 0; share < before; ++share)
    share_[share].ticket.fetch_or(chunk_mask, std::memory_order_acq_rel);
  function_.store(function, std::memory_order_release);
  context_.store(context, std::memory_order_release);
  mode_.store(FloatingPointMode::of_thread(), std::memory_order_release);
  failure_.store(&failure, std::memory_order_release);
  chunks_.store(chunks, std::memory_order_release);
  helpers_.store(helpers, std::memory_order_release);
  shares_.store(shares, std::memory_order_release);
  done_.store(0, std::memory_order_release);
  const std::uint64_t loop = (loop_.load(std::memory_order_relaxed) + 1) & chunk_mask;
  for (int share = 0; share < shares; ++share)
    share_[share].ticket.store(loop << chunk_bits | first_chunk(share, shares, chunks),
                               std::memory_order_release);
  // Sequentially consistent, as are the helpers' accesses before they sleep: either this sees the
  // sleeper or the sleeper sees the loop.
  loop_.store(loop, std::memory_order_seq_cst);
  if (sleeping_.load(std::memory_order_seq_cst) > 0) {
    { const std::lock_guard<std::mutex> lock(sleep_); }
    wake_.notify_all();
  }
  running_chunks = true;
  take_chunks(loop, 0);
  running_chunks = false;
  const bool soon = all_done_soon(chunks);
  auto now = HelperLimit::Clock::now();
  const auto own = now - started;
  if (!soon) {
    wait_for(chunks);
    now = HelperLimit::Clock::now();
  }
  const bool interrupted = own > HelperLimit::grace && was_interrupted();
  if (HelperLimit::is_late(own, now - started, interrupted)) helper_limit_.was_late(helpers, now);
  failure.rethrow();
  return true;
}

bool Workers::all_done_soon(std::int64_t chunks) const {
  for (int spins = 0; spins < spins_before_yield; ++spins) {
    if (done_.load(std::memory_order_acquire) == chunks) return true;
    relax();
  }
  return false;
}

void Workers::wait_for(std::int64_t chunks) const {
  while (done_.load(std::memory_order_acquire) < chunks) {
    if (forks_ != forks())
      fail("parallel_for", "the process was forked within a piece; what other threads had in hand ",
           "is not in the child");
    std::this_thread::yield();
  }
}

int Workers::start(int helpers) {
  try {
    for (; started_ < helpers; ++started_)
      std::thread([this, id = started_] { work(id); }).detach();
  } catch (const std::system_error&) {
    // The system has no more threads: those that there are, and the caller, do the work.
  }
  return started_ < helpers ? started_ : helpers;
}

// Takes chunks of a share until none is left. What it reads of the loop before it claims a chunk
// was that loop's if the claim succeeds: the ticket was still open. It stays so until the chunk has
// ended.
void Workers::take_share(std::uint64_t loop, int share) {
  std::atomic<std::uint64_t>& next = share_[share].ticket;
  std::uint64_t ticket = next.load(std::memory_order_acquire);
  while (ticket >> chunk_bits == loop) {
    const std::uint64_t chunk = ticket & chunk_mask;
    if (chunk >= first_chunk(share + 1, shares_.load(std::memory_order_acquire),
                             chunks_.load(std::memory_order_acquire)))
      return;
    const ChunkFunction function = function_.load(std::memory_order_acquire);
    void* context = context_.load(std::memory_order_acquire);
    FirstFailure* failure = failure_.load(std::memory_order_acquire);
    const std::uint32_t wanted = mode_.load(std::memory_order_acquire);
    if (!next.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel,
                                    std::memory_order_acquire))
      continue;
    const FloatingPointMode mode(wanted);
    try {
      function(context, static_cast<std::int64_t>(chunk));
    } catch (...) {
      failure->record(static_cast<std::int64_t>(chunk));
    }
    done_.fetch_add(1, std::memory_order_acq_rel);
    ticket = next.load(std::memory_order_acquire);
  }
}

// Its own share first, then what the others have left.
void Workers::take_chunks(std::uint64_t loop, int thread) {
  const int shares = shares_.load(std::memory_order_acquire);
  for (int i = 0; i < shares; ++i) take_share(loop, (thread + i) % shares);
}

void Workers::work(int id) {
  running_chunks = true;
  for (std::uint64_t loop = 0;;) {
    loop = wait_for_loop_after(loop);
    if (id < helpers_.load(std::memory_order_acquire)) take_chunks(loop, id + 1);
  }
}

std::uint64_t Workers::wait_for_loop_after(std::uint64_t seen) {
  const auto current = [this] { return loop_.load(std::memory_order_seq_cst); };
  for (int spins = 0; spins < spins_before_sleep; ++spins) {
    const std::uint64_t loop = current();
    if (loop != seen) return loop;
    relax();
  }
  std::unique_lock<std::mutex> lock(sleep_);
  sleeping_.fetch_add(1, std::memory_order_seq_cst);
  wake_.wait(lock, [&] { return current() != seen; });
  sleeping_.fetch_sub(1, std::memory_order_seq_cst);
  return current();
}

}  // namespace plumb::detail
