// LAPACK that does not converge, and memory that ends inside it: an Error each time. Prints the
// errors; tests/programs/failing_lapack.sh holds them.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <plumb/core.hpp>

using namespace plumb;

// A program's own functions come before those of its libraries. They answer how much workspace they
// want, and then that they have not converged.
namespace {

void give_up(double* work, const int* lwork, int* iwork, int* info) {
  *info = *lwork == -1 ? 0 : 1;
  if (*lwork == -1) *work = *iwork = 1;
}

std::atomic<bool> memory_ends{false};

}  // namespace

extern "C" {
void dgesdd_(const char*, const int*, const int*, double*, const int*, double*, double*, const int*,
             double*, const int*, double* work, const int* lwork, int* iwork, int* info) {
  give_up(work, lwork, iwork, info);
}
void dsyevd_(const char*, const char*, const int*, double*, const int*, double*, double* work,
             const int* lwork, int* iwork, const int*, int* info) {
  give_up(work, lwork, iwork, info);
}
void dgelsd_(const int*, const int*, const int*, double*, const int*, double*, const int*, double*,
             const double*, int*, double* work, const int* lwork, int* iwork, int* info) {
  give_up(work, lwork, iwork, info);
}
}

void* operator new(std::size_t bytes) {
  if (memory_ends && bytes > 20'000) throw std::bad_alloc();
  if (void* block = std::malloc(bytes)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace {

template <class F>
void report(F&& f) {
  try {
    f();
    std::puts("no error");
  } catch (const Error& error) {
    std::puts(error.what());
  } catch (const std::exception& other) {
    std::printf("another exception: %s\n", other.what());
  }
}

}  // namespace

int main() {
  const Tensor a = Tensor::ones({2, 2}), large = Tensor::ones({64, 64});
  report([&] { linalg::svd(a); });
  report([&] { linalg::eigh(a); });
  report([&] { linalg::lstsq(a, a); });
  memory_ends = true;
  report([&] { linalg::qr(large); });
  report([&] { linalg::svd(large); });
  report([&] { linalg::eigh(large); });
  report([&] { linalg::lstsq(large, large); });
  memory_ends = false;
  report([&] { linalg::qr(large); });
}
