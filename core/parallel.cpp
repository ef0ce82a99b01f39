#include "parallel.hpp"

#include <omp.h>

#include <atomic>
#include <exception>
#include <mutex>

#include "error.hpp"

namespace plumb {
namespace {

std::atomic<int> chosen_threads{0};  // 0: not chosen

// The exception of the lowest chunk that threw: which one arrives does not depend on timing.
class FirstFailure {
 public:
  void record(std::int64_t chunk) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!failure_ || chunk < chunk_) {
      chunk_ = chunk;
      failure_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::mutex mutex_;
  std::int64_t chunk_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

int num_threads() {
  const int chosen = chosen_threads.load(std::memory_order_relaxed);
  return chosen > 0 ? chosen : omp_get_max_threads();
}

void set_num_threads(int threads) {
  if (threads < 1 || threads > 1024)
    fail("set_num_threads", "threads must be in [1, 1024], got ", threads);
  chosen_threads = threads;
}

namespace detail {

void run_chunks(std::int64_t chunks, ChunkFunction function, void* context) {
  const int available = omp_in_parallel() ? 1 : num_threads();
  const int threads = chunks < available ? static_cast<int>(chunks) : available;
  if (threads <= 1) {
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) function(context, chunk);
    return;
  }
  FirstFailure failure;  // an exception must not leave the parallel region
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    try {
      function(context, chunk);
    } catch (...) {
      failure.record(chunk);
    }
  }
  failure.rethrow();
}

}  // namespace detail
}  // namespace plumb
