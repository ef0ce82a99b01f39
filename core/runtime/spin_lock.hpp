// SpinLock: for what takes a few instructions and is hardly ever wanted by two threads at once.
#pragma once

#include <atomic>
#include <thread>

#include "reference_count.hpp"

namespace plumb::detail {

/// A mutex that costs one locked instruction, and none while the process has one thread. A thread
/// that waits yields its processor. Only for a few assignments: never call a function under it, for
/// that may take long, wait or throw.
class SpinLock {
 public:
  void lock() noexcept {
    if (single_threaded()) return held_.store(true, std::memory_order_relaxed);
    while (held_.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
  }
  void unlock() noexcept { held_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> held_{false};
};

}  // namespace plumb::detail
