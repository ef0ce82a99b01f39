// Work on several threads whose result does not depend on how many there are.
#pragma once

#include <cstdint>

namespace plumb {

/// Threads that parallel_for may use: what OMP_NUM_THREADS says, or the processors this process may
/// run on, at most 1024, until set. The quota of a container (its control group's) counts as so many
/// processors, rounded up. Where the variable asks for more, a line on stderr says so.
int num_threads();

/// Sets it for the whole process, 1 to 1024. Results never depend on it.
void set_num_threads(int threads);

namespace detail {
using ChunkFunction = void (*)(void* context, std::int64_t chunk);
void run_chunks(std::int64_t chunks, ChunkFunction function, void* context);
}  // namespace detail

/// Calls f(begin, end) for consecutive pieces of [0, n). Each is `grain` (at least 1) long; the
/// last may be shorter. The pieces depend on n and grain alone, so results do not depend on the
/// threads as long as no two pieces write to one place. If pieces throw, the exception of the first
/// of them reaches the caller; later pieces may or may not have run. It runs on the calling thread
/// alone inside another parallel_for, inside an OpenMP region, and while the threads are busy with
/// the parallel_for of another thread.
template <class F>
void parallel_for(std::int64_t n, std::int64_t grain, F&& f) {
  if (n <= 0) return;
  if (grain < 1) grain = 1;
  if (n <= grain) return f(std::int64_t{0}, n);
  struct Context {
    std::int64_t n, grain;
    F& f;
  } context{n, grain, f};
  detail::run_chunks((n + grain - 1) / grain,
                     [](void* p, std::int64_t chunk) {
                       const Context& c = *static_cast<Context*>(p);
                       const std::int64_t begin = chunk * c.grain;
                       c.f(begin, begin + c.grain < c.n ? begin + c.grain : c.n);
                     },
                     &context);
}

}  // namespace plumb
