// SpinLock: for what takes a few instructions and is hardly ever wanted by two threads at once.
#pragma once

#include <atomic>
#include <thread>

#include "forks.hpp"
#include "reference_count.hpp"

namespace plumb::detail {

/// A mutex that costs one locked instruction, and none while the process has one thread. A thread
/// that waits yields its processor. Only for a few assignments: never call a function under it, for
/// that may take long, wait or throw. One that a thread of the parent held at a fork() is free in the
/// child.
class SpinLock {
 public:
  void lock() noexcept {
    const std::uint32_t own = forks() + 1;
    if (single_threaded()) return holder_.store(own, std::memory_order_relaxed);
    while (holder_.exchange(own, std::memory_order_acquire) == own) std::this_thread::yield();
  }
  void unlock() noexcept { holder_.store(0, std::memory_order_release); }

 private:
  std::atomic<std::uint32_t> holder_{0};  // what forks() was for the one who holds it, plus 1
};

}  // namespace plumb::detail
