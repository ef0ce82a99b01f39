#include "accumulate.hpp"

#include <atomic>
#include <cmath>

#include "loops.hpp"

namespace plumb::kernel {

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
      bool all = true;
      for (std::int64_t i = begin; i < end; ++i) all = all && std::isfinite(data[i]);
      if (!all) finite = false;
    });
    return finite.load();
  });
}

}  // namespace plumb::kernel
