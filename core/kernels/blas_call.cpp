#include "blas_call.hpp"

#include <omp.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>

#include "../runtime/internal/fail.hpp"

extern "C" {
void openblas_set_num_threads(int threads);
// How OpenBLAS's own functions take and give back a buffer.
void* blas_memory_alloc(int);
void blas_memory_free(void*);

// OpenBLAS asks itself these while it is loaded, and gets the answer from here wherever the linker
// lets a program answer for a library. Otherwise it starts a thread for each processor, each of
// which takes a buffer or asks for one until the process ends, and would not let it end.
#define PLUMB_ANSWER __attribute__((weak, visibility("default")))
PLUMB_ANSWER int openblas_num_threads_env() { return 1; }
PLUMB_ANSWER int openblas_omp_num_threads_env() { return 1; }
#undef PLUMB_ANSWER
}

namespace plumb::kernel {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{128} << 20;
constexpr int most_buffers = 1024;

std::atomic<int> buffers{0};  // that there are
std::atomic<int> calls{0};    // that run: never more than buffers
std::atomic<bool> adding{false};

// What add_buffer() has seen of them.
std::array<void*, most_buffers> known;
int known_count = 0;

void prepare() {
  static const bool done = (openblas_set_num_threads(1), true);
  static_cast<void>(done);
}

// Takes one of the buffers that are free.
bool enter() {
  int running = calls.load(std::memory_order_relaxed);
  while (running < buffers.load(std::memory_order_acquire))
    if (calls.compare_exchange_weak(running, running + 1, std::memory_order_acq_rel)) return true;
  return false;
}

bool system_has_memory() {
  void* block =
      ::mmap(nullptr, buffer_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) return false;
  ::munmap(block, buffer_bytes);
  return true;
}

// Makes OpenBLAS allocate one buffer more, while all that it has are in use. A call that has entered
// but not yet taken its own may let this one have it; then there is nothing to add, and no harm:
// as many buffers are wanted as before.
bool add_buffer() {
  if (known_count == most_buffers || buffers > calls || !system_has_memory()) return false;
  void* const buffer = blas_memory_alloc(0);
  blas_memory_free(buffer);
  const auto end = known.begin() + known_count;
  if (std::find(known.begin(), end, buffer) != end) return false;
  known[known_count++] = buffer;
  ++buffers;
  return true;
}

}  // namespace

BlasCall::BlasCall(const char* operation) : openmp_threads_(omp_get_max_threads()) {
  prepare();
  while (!enter()) {
    if (!adding.exchange(true)) {
      const bool added = add_buffer();
      const bool none = !added && buffers == 0;
      adding = false;
      if (none) fail(operation, "cannot allocate ", std::uint64_t{buffer_bytes}, " bytes");
      if (added) continue;
    }
    std::this_thread::yield();
  }
  if (openmp_threads_ != 1) omp_set_num_threads(1);
}

BlasCall::~BlasCall() {
  if (openmp_threads_ != 1) omp_set_num_threads(openmp_threads_);
  calls.fetch_sub(1, std::memory_order_acq_rel);
}

}  // namespace plumb::kernel
