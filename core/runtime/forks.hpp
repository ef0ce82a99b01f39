// What the child of a fork() must find in order: it has one thread, the one that forked.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

namespace plumb::detail {

// Static storage is what is 0 before anything runs.
inline std::atomic<std::uint32_t> fork_count{0};
inline std::atomic<bool> forking{false};
inline std::atomic<std::int32_t> unforkable{0};  // threads inside an Unforkable

/// How many forks lie between the process that loaded the library and this one: threads that were
/// started at another count are not in this process.
inline std::uint32_t forks() { return fork_count.load(std::memory_order_relaxed); }

/// Every fork() waits for this mutex, so that parent and child both find it free and what it guards
/// whole. The mutex must stay for ever, and be held for moments only, with no Unforkable made
/// meanwhile.
void hold_over_forks(std::mutex& mutex);

/// While one lives, fork() on other threads waits: for the calls of a library whose locks a child
/// would find locked. Not for what waits, nor for what calls a user's code: that may fork.
class Unforkable {
 public:
  // Sequentially consistent, as is the other side: either this sees that one forks, or who forks
  // sees this.
  Unforkable() {
    while (unforkable.fetch_add(1), forking.load()) {
      unforkable.fetch_sub(1);
      wait_for_fork();
    }
  }
  ~Unforkable() { unforkable.fetch_sub(1, std::memory_order_release); }
  Unforkable(const Unforkable&) = delete;
  Unforkable& operator=(const Unforkable&) = delete;

 private:
  static void wait_for_fork();
};

}  // namespace plumb::detail
