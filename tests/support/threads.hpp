// The numbers of threads that tests try, and a scope that sets one.
#pragma once

#include <plumb/core/runtime/parallel.hpp>
#include <vector>

#include "sweep.hpp"

namespace plumb::test {

class Threads {
 public:
  explicit Threads(int threads) : before_(num_threads()) { set_num_threads(threads); }
  ~Threads() { set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

/// Numbers of threads above 1 that give the bits of one: 2 to 4; 3 alone in a brief sweep: the sanitizers find a
/// race with any.
inline std::vector<int> more_threads() {
  if (sweep() == Sweep::brief) return {3};
  return {2, 3, 4};
}

/// The same, and 1.
inline std::vector<int> thread_counts() {
  std::vector<int> counts = more_threads();
  counts.insert(counts.begin(), 1);
  return counts;
}

}  // namespace plumb::test
