// A loop of plumb's thread pool beside the same loop of OpenMP and of oneTBB, alone and beside busy
// processes: threads POOL LOOP_MICROSECONDS THREADS BUSY_PROCESSES.
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <plumb/core/runtime/parallel.hpp>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr int pieces = 16;        // of a loop, as many as the tiles of a product
constexpr double between = 5e-6;  // seconds for which one thread works alone after each loop

volatile double start_value = 1, sink;  // so that the work cannot be foreseen

// Work that stays in registers: a thread that another one disturbs does no less of it.
void work(std::int64_t steps) {
  double x = start_value;
  for (std::int64_t i = 0; i < steps; ++i) x = x * 0.999 + 0.001;
  sink = x;
}

double seconds(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The fastest of many tries: the others were interrupted.
double steps_a_second() {
  double best = 1;
  for (int i = 0; i < 200; ++i) {
    const Clock::time_point start = Clock::now();
    work(50'000);
    best = std::min(best, seconds(start));
  }
  return 50'000 / best;
}

// Calls f(piece) for each piece.
using Loop = std::function<void(const std::function<void(int)>&)>;

Loop pool(const std::string& name, int threads) {
  if (name == "plumb") {
    plumb::set_num_threads(threads);
    return [](const std::function<void(int)>& f) {
      plumb::parallel_for(pieces, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) f(static_cast<int>(i));
      });
    };
  }
  if (name == "openmp")
    return [threads](const std::function<void(int)>& f) {
#pragma omp parallel for num_threads(threads) schedule(static)
      for (int i = 0; i < pieces; ++i) f(i);
    };
  if (name == "tbb")
    return [arena = std::make_shared<tbb::task_arena>(threads)](const std::function<void(int)>& f) {
      arena->execute([&] {
        tbb::parallel_for(tbb::blocked_range<int>(0, pieces, 1),
                          [&](const tbb::blocked_range<int>& range) {
                            for (int i = range.begin(); i < range.end(); ++i) f(i);
                          });
      });
    };
  std::fprintf(stderr, "threads: no pool '%s'\n", name.c_str());
  std::exit(2);
}

// A process that only computes, and ends with this one.
pid_t start_busy_process() {
  const pid_t child = fork();
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) work(1'000'000);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s plumb|openmp|tbb LOOP_MICROSECONDS THREADS BUSY_PROCESSES\n",
                 argv[0]);
    return 2;
  }
  const double loop_seconds = std::atof(argv[2]) * 1e-6;
  const int threads = std::atoi(argv[3]), busy = std::atoi(argv[4]);

  const double rate = steps_a_second();
  std::vector<pid_t> others;
  for (int i = 0; i < busy; ++i) others.push_back(start_busy_process());
  const auto steps = [rate](double time) { return static_cast<std::int64_t>(rate * time); };
  const std::int64_t piece = std::max<std::int64_t>(steps(loop_seconds / pieces), 1);
  const Loop loop = pool(argv[1], threads);

  // As many loops as a second holds, 20000 at the most.
  std::vector<double> times;
  const Clock::time_point start = Clock::now();
  while (times.size() < 20'000 && (seconds(start) < 1 || times.size() < 20)) {
    work(steps(between));
    const Clock::time_point begin = Clock::now();
    loop([piece](int) { work(piece); });
    times.push_back(seconds(begin));
  }
  for (const pid_t other : others) {
    kill(other, SIGKILL);
    waitpid(other, nullptr, 0);
  }
  times.erase(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 10));
  std::sort(times.begin(), times.end());
  std::printf("loop\t%s\t%s\t%d\t%d\t%.2f\t%.2f\n", argv[1], argv[2], threads, busy,
              times[times.size() / 2] * 1e6, times[times.size() * 99 / 100] * 1e6);
}
