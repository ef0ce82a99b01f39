#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/parallel.hpp>
#include <thread>
#include <vector>

#include "../../support/threads.hpp"

using namespace plumb;

using test::Threads;

TEST_CASE("parallel_for: every index once, in pieces that do not depend on the threads") {
  for (const int threads : {1, 2, 3, 4}) {
    const Threads scope(threads);
    std::vector<int> seen(1003, 0);
    std::vector<std::int64_t> ends(11, 0);
    parallel_for(1003, 100, [&](std::int64_t begin, std::int64_t end) {
      ends[static_cast<std::size_t>(begin / 100)] = end;
      for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
    });
    CHECK(seen == std::vector<int>(1003, 1));
    CHECK(ends[0] == 100);
    CHECK(ends[10] == 1003);
  }
}

TEST_CASE("parallel_for: nothing to do is nothing done") {
  parallel_for(0, 10, [](std::int64_t, std::int64_t) { FAIL("called"); });
  parallel_for(-5, 10, [](std::int64_t, std::int64_t) { FAIL("called"); });
}

TEST_CASE("parallel_for: the exception of the first piece reaches the caller, from any threads") {
  for (const int threads : {1, 2, 4}) {
    const Threads scope(threads);
    CHECK_THROWS_WITH_AS(parallel_for(64, 1,
                                      [](std::int64_t i, std::int64_t) {
                                        if (i >= 7) errors::fail("piece", i);
                                      }),
                         "[piece] 7", Error);
  }
}

TEST_CASE("parallel_for: nested loops run on the threads of the outer one") {
  const Threads scope(4);
  std::vector<int> seen(64, 0);
  parallel_for(8, 1, [&](std::int64_t outer, std::int64_t) {
    parallel_for(8, 1, [&](std::int64_t inner, std::int64_t) {
      ++seen[static_cast<std::size_t>(8 * outer + inner)];
    });
  });
  CHECK(seen == std::vector<int>(64, 1));
}

TEST_CASE("set_num_threads: refuses what is no number of threads") {
  CHECK_THROWS_WITH_AS(set_num_threads(0), "[set_num_threads] threads must be in [1, 1024], got 0",
                       Error);
  CHECK_THROWS_AS(set_num_threads(1025), Error);
  const Threads scope(1024);
  CHECK(num_threads() == 1024);
}

TEST_CASE("parallel_for: callers on several threads do not disturb one another") {
  const Threads scope(3);
  std::vector<std::thread> callers;
  std::vector<std::int64_t> sums(4, 0);
  for (std::size_t c = 0; c < sums.size(); ++c)
    callers.emplace_back([&sums, c] {
      for (int repeat = 0; repeat < 500; ++repeat) {
        std::vector<std::int64_t> parts(20, 0);
        parallel_for(200, 10, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i)
            parts[static_cast<std::size_t>(begin / 10)] += i;
        });
        for (const std::int64_t part : parts) sums[c] += part;
      }
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(sums == std::vector<std::int64_t>(4, 500 * 199 * 100));
}

TEST_CASE("parallel_for: threads that went to sleep come back, and their number may change") {
  for (const int threads : {2, 4, 1, 3}) {
    const Threads scope(threads);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::vector<int> seen(50, 0);
    for (int repeat = 0; repeat < 200; ++repeat)
      parallel_for(50, 1,
                   [&](std::int64_t i, std::int64_t) { ++seen[static_cast<std::size_t>(i)]; });
    CHECK(seen == std::vector<int>(50, 200));
  }
}

TEST_CASE(
    "parallel_for: no piece runs twice where short and long loops alternate on several threads") {
  for (const int threads : {2, 3, 4}) {
    const Threads scope(threads);
    std::vector<std::atomic<int>> seen(60);
    std::int64_t wrong = 0;
    for (int repeat = test::repetitions(100'000); repeat > 0; --repeat) {
      const std::int64_t n = repeat % 2 == 0 ? 2 : 60;
      parallel_for(n, 1, [&](std::int64_t i, std::int64_t) {
        seen[static_cast<std::size_t>(i)].fetch_add(1, std::memory_order_relaxed);
      });
      for (std::int64_t i = 0; i < n; ++i)
        wrong += seen[static_cast<std::size_t>(i)].exchange(0, std::memory_order_relaxed) != 1;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("parallel_for: a grain below 1 is 1") {
  int calls = 0;
  const Threads scope(1);
  parallel_for(3, 0, [&](std::int64_t begin, std::int64_t end) {
    CHECK(end == begin + 1);
    ++calls;
  });
  CHECK(calls == 3);
}
