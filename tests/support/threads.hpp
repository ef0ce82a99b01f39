// Sets the number of threads for the length of a scope.
#pragma once

#include <plumb/core/runtime/parallel.hpp>

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

}  // namespace plumb::test
