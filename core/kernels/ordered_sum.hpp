// Sums whose value does not depend on the number of threads.
#pragma once

#include <cstdint>
#include <vector>

#include "../runtime/parallel.hpp"

namespace plumb::kernel {

/// The sum of f(begin, end) over pieces of [0, n), each `grain` long but the last: the pieces may
/// run on several threads, their results are added in order. Sum{} is zero and Sum has +=.
template <class Sum, class F>
Sum ordered_sum(std::int64_t n, std::int64_t grain, F f) {
  if (n <= 0) return Sum{};
  if (n <= grain) return f(std::int64_t{0}, n);
  std::vector<Sum> pieces(static_cast<std::size_t>((n + grain - 1) / grain));
  parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    pieces[static_cast<std::size_t>(begin / grain)] = f(begin, end);
  });
  Sum sum{};
  for (const Sum& piece : pieces) sum += piece;
  return sum;
}

}  // namespace plumb::kernel
