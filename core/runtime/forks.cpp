#include "forks.hpp"

#include <pthread.h>

#include <thread>
#include <vector>

namespace plumb::detail {
namespace {

struct Forks {
  std::mutex one_at_a_time;  // also guards the list
  std::vector<std::mutex*> held;
};

// Never destroyed: a destructor of a static object may fork.
Forks& state() {
  static Forks& forks = *new Forks;
  return forks;
}

// The library's threads are not waited for: a piece of a user's loop may take long, or want what the
// forking thread holds. The child gets threads of its own.
void before() {
  state().one_at_a_time.lock();
  forking = true;
  while (unforkable != 0) std::this_thread::yield();
  for (std::mutex* mutex : state().held) mutex->lock();
}

void after() {
  for (std::mutex* mutex : state().held) mutex->unlock();
  forking = false;
  state().one_at_a_time.unlock();
}

void after_in_child() {
  fork_count.fetch_add(1, std::memory_order_relaxed);
  unforkable = 0;  // a thread may just have counted itself, to find that it has to wait
  after();
}

const int registered = (state(), ::pthread_atfork(before, after, after_in_child));

}  // namespace

void hold_over_forks(std::mutex& mutex) {
  const std::lock_guard<std::mutex> lock(state().one_at_a_time);
  state().held.push_back(&mutex);
}

void Unforkable::wait_for_fork() {
  while (forking.load()) std::this_thread::yield();
}

}  // namespace plumb::detail
