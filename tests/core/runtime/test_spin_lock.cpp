#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <plumb/core/runtime/spin_lock.hpp>
#include <thread>
#include <vector>

using plumb::detail::SpinLock;

TEST_CASE("SpinLock: of several threads one at a time") {
  SpinLock lock;
  std::int64_t count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        const std::lock_guard guard(lock);
        ++count;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(count == 80'000);
}

TEST_CASE("SpinLock: while it is held, other threads wait") {
  SpinLock lock;
  int value = 0;
  lock.lock();
  std::thread second([&] {
    const std::lock_guard guard(lock);
    value *= 10;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  value = 1;
  lock.unlock();
  second.join();
  CHECK(value == 10);
}

TEST_CASE("SpinLock: one that was held at a fork is free in the child, once") {
  SpinLock lock;
  lock.lock();
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);
    lock.lock();
    lock.unlock();
    lock.lock();
    std::_Exit(0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}
