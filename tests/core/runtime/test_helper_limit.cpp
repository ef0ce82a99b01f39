#include <doctest/doctest.h>

#include <plumb/core/runtime/internal/helper_limit.hpp>

using plumb::detail::HelperLimit;

namespace {

// A clock that is set by hand, and loops of a millisecond.
struct Loops {
  HelperLimit helper_limit;
  HelperLimit::Clock::time_point now{std::chrono::seconds(1)};

  int call(int wanted, bool late = false) {
    const int called = helper_limit.helpers(wanted, now);
    now += std::chrono::milliseconds(1);
    if (late && called > 0) helper_limit.was_late(called, now);
    return called;
  }
};

}  // namespace

TEST_CASE("helper limit: all helpers are called until one is late, then a fourth less") {
  Loops loops;
  for (int i = 0; i < 1000; ++i) CHECK(loops.call(15) == 15);
  CHECK(loops.call(15, true) == 15);
  CHECK(loops.call(15) == 12);
  CHECK(loops.call(3) == 3);  // a loop for fewer
  CHECK(loops.call(15, true) == 12);
  CHECK(loops.call(15) == 9);
}

TEST_CASE(
    "helper limit: a loop is late that takes longer than twice its caller, or a short interrupted "
    "one") {
  using std::chrono::microseconds;
  const auto late = [](int own, int whole, bool interrupted) {
    return HelperLimit::is_late(microseconds(own), microseconds(whole), interrupted);
  };
  CHECK_FALSE(late(100, 600, false));
  CHECK(late(100, 800, false));
  CHECK_FALSE(late(10'000, 20'000, false));
  CHECK(late(10'000, 10'100, true));
  // Longer than many turns of the processor: everybody is interrupted, nobody held up.
  CHECK_FALSE(late(1'000'000, 1'900'000, true));
  CHECK(late(1'000'000, 2'100'000, false));
}

TEST_CASE("helper limit: where the others never come they are called less and less often") {
  Loops loops;
  int called = 0, last = 0;
  for (int i = 0; i < 16'000; ++i) called += loops.call(1, true);
  CHECK(called >= 10);  // every 2048 ms in the end
  CHECK(called <= 20);  // 4, 8, ... 2048 ms apart before
  for (; last < 3000 && loops.call(1) == 0; ++last) {
  }
  CHECK(last <= 2049);  // and when they come again, they stay
  for (int i = 0; i < 1000; ++i) CHECK(loops.call(1) == 1);
}

TEST_CASE("helper limit: after a time in which all came, a late one costs no more than the first") {
  Loops loops;
  for (int i = 0; i < 16'000; ++i) loops.call(1, true);
  for (int i = 0; i < 5000; ++i) loops.call(1);
  CHECK(loops.call(1, true) == 1);
  int away = 0;
  while (loops.call(1) == 0) ++away;
  CHECK(away == 4);
}

TEST_CASE("helper limit: of many helpers those come back by and by") {
  Loops loops;
  for (int i = 0; i < 40; ++i) loops.call(15, i % 2 == 0);
  const int fewest = loops.call(15);
  CHECK(fewest < 8);
  int before = fewest, jumps = 0;
  for (int i = 0; i < 1000 && before < 15; ++i) {
    const int called = loops.call(15);
    CHECK(called >= before);
    jumps += called > before;
    before = called;
  }
  CHECK(before == 15);
  CHECK(jumps > 2);
}
