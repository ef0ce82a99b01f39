// What the machine can do: OpenBLAS's largest products, and memory read and written in place.
#include <cblas.h>
#include <sys/mman.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "shared/measure.hpp"

namespace {

struct Free {
  void operator()(float* memory) const { std::free(memory); }
};
using Buffer = std::unique_ptr<float[], Free>;

Buffer buffer(std::int64_t n, std::uint32_t seed) {
  constexpr std::size_t huge_page = std::size_t{2} << 20;
  const std::size_t pages = (static_cast<std::size_t>(n) * sizeof(float) - 1) / huge_page + 1;
  Buffer result(static_cast<float*>(std::aligned_alloc(huge_page, pages * huge_page)));
  madvise(result.get(), pages * huge_page, MADV_HUGEPAGE);
  bench::fill(result.get(), n, seed, 1);
  return result;
}

// C = A B with matrices of [n, n].
void sgemm(std::int64_t n) {
  const Buffer a = buffer(n * n, 1), b = buffer(n * n, 2), c = buffer(n * n, 3);
  const int size = static_cast<int>(n);
  bench::time([&] {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, size, size, size, 1, a.get(), size,
                b.get(), size, 0, c.get(), size);
  });
}

// a = a + s b, where STREAM's triad is a = b + s c: an optimizer works in place too, and memory
// that is only written is read all the same, which the usual count of three leaves out.
void triad(std::int64_t millions, int threads) {
  const std::int64_t n = millions * 1'000'000;
  const Buffer a = buffer(n, 1), b = buffer(n, 2);
  const auto part = [&](int thread) {
    for (std::int64_t i = n * thread / threads; i < n * (thread + 1) / threads; ++i)
      a[static_cast<std::size_t>(i)] += 0.001f * b[static_cast<std::size_t>(i)];
  };
  bench::time([&] {
    std::vector<std::thread> others;
    for (int thread = 1; thread < threads; ++thread) others.emplace_back(part, thread);
    part(0);
    for (std::thread& other : others) other.join();
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::string limit = argc > 2 ? argv[1] : "";
  if (argc > 3) bench::time_budget = std::atof(argv[3]);
  if (limit == "sgemm-2048") {
    sgemm(2048);
  } else if (limit == "triad-50") {
    triad(50, std::atoi(argv[2]));
  } else {
    std::fprintf(stderr, "usage: %s sgemm-2048|triad-50 THREADS [SECONDS]\n", argv[0]);
    return 2;
  }
}
