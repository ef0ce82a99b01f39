#include "accumulate.hpp"

#include <atomic>

#include "../simd/loops.hpp"

namespace plumb::kernel {

namespace {

// The sum of x - x is NaN where an element is not finite, and 0 where all are.
template <class T>
PLUMB_INLINE inline bool finite_run(std::int64_t n, const T* x) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += x[i] - x[i];
  return sum == 0;
}

}  // namespace

void accumulate(Tensor& to, const Tensor& from) {
  map_into(
      to, Write::accumulate, [](auto x) { return x; }, from);
}

bool all_finite(const Tensor& x) {
  if (!is_floating(x.dtype())) return true;
  return dispatch_floating("all_finite", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* data = x.data<T>();
    std::atomic<bool> finite{true};
    parallel_for(x.numel(), grain, [&](std::int64_t begin, std::int64_t end) {
      on_best_isa([=, &finite]() PLUMB_INLINE {
        if (!finite_run(end - begin, data + begin)) finite = false;
      });
    });
    return finite.load();
  });
}

}  // namespace plumb::kernel
