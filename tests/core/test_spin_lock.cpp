#include <doctest/doctest.h>

#include <mutex>
#include <plumb/core/spin_lock.hpp>
#include <thread>
#include <vector>

using plumb::detail::SpinLock;

TEST_CASE("SpinLock: one thread at a time") {
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

TEST_CASE("SpinLock: taken while there was one thread, it keeps out the second") {
  SpinLock lock;
  int value = 0;
  lock.lock();
  std::thread second([&] {
    const std::lock_guard guard(lock);
    value *= 10;
  });
  value = 1;
  lock.unlock();
  second.join();
  CHECK(value == 10);
}
