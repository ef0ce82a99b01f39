#include "parallel.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "floating_point.hpp"
#include "internal/fail.hpp"
#include "internal/processors.hpp"
#include "internal/workers.hpp"

namespace plumb {
namespace {

constexpr int most_threads = 1024;

std::atomic<int> chosen_threads{0};  // 0: not chosen

// What OMP_NUM_THREADS says, or the processors, within the limit. Threads beyond a quota would only use
// it up sooner, and then all wait for the next period.
int default_threads() {
  const char* variable = std::getenv("OMP_NUM_THREADS");
  int wanted = omp_get_max_threads();
  if (variable == nullptr) wanted = std::min(wanted, detail::processor_quota().value_or(wanted));
  const int threads = std::clamp(wanted, 1, most_threads);
  if (variable != nullptr && wanted != threads)
    std::fprintf(stderr, "plumb: OMP_NUM_THREADS is %s, %d threads are used\n", variable, threads);
  return threads;
}

}  // namespace

int num_threads() {
  static const int otherwise = default_threads();
  const int chosen = chosen_threads.load(std::memory_order_relaxed);
  return chosen > 0 ? chosen : otherwise;
}

void set_num_threads(int threads) {
  if (threads < 1 || threads > most_threads)
    fail("set_num_threads", "threads must be in [1, ", most_threads, "], got ", threads);
  chosen_threads = threads;
}

void detail::run_chunks(std::int64_t chunks, ChunkFunction function, void* context) {
  const FloatingPointMode mode(Subnormals::as_before);
  const int available = inside_loop() || omp_in_parallel() ? 1 : num_threads();
  const int threads = chunks < available ? static_cast<int>(chunks) : available;
  if (threads > 1 && Workers::instance().run(chunks, threads, function, context)) return;
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) function(context, chunk);
}

}  // namespace plumb
