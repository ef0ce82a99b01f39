#include <doctest/doctest.h>

#include <plumb/core/runtime/reference_count.hpp>
#include <thread>
#include <vector>

using plumb::detail::ReferenceCount;
using plumb::detail::single_threaded;

TEST_CASE("ReferenceCount: the last handle is told so") {
  ReferenceCount count;
  CHECK(count.is_one());
  count.add();
  count.add();
  CHECK_FALSE(count.is_one());
  CHECK_FALSE(count.drop());
  CHECK_FALSE(count.drop());
  CHECK(count.is_one());
  CHECK(count.drop());
}

TEST_CASE("ReferenceCount: handles of several threads are all counted") {
  ReferenceCount count;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&count] {
      for (int k = 0; k < 10'000; ++k) {
        count.add();
        count.add();
        count.drop();
      }
    });
  for (std::thread& thread : threads) thread.join();
  int last = 0, dropped = 0;
  for (; last == 0 && dropped <= 40'001; ++dropped) last += count.drop();
  CHECK(dropped == 40'001);
}

TEST_CASE("ReferenceCount: beside a thread the process is not taken for a single one") {
  bool single = true;
  std::thread([&single] { single = single_threaded(); }).join();
  CHECK_FALSE(single);
}
