#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <plumb/distributed/internal/sockets.hpp>
#include <plumb/distributed/internal/watch.hpp>
#include <string>
#include <thread>
#include <vector>

using plumb::distributed::detail::Meeting;
using plumb::distributed::detail::milliseconds_now;
using plumb::distributed::detail::Watch;

namespace {

// Four ranks of one process, which have met.
std::array<std::unique_ptr<Watch>, 4> met() {
  std::array<std::unique_ptr<Watch>, 4> watches;
  Meeting meeting;
  const int listening = Watch::listen(meeting);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 4; ++rank)
    threads.emplace_back([&, rank] {
      const std::vector<std::string> names = {"rank 0", "rank 1", "rank 2", "rank 3"};
      watches[static_cast<std::size_t>(rank)] =
          std::make_unique<Watch>(rank, names, meeting, rank == 0 ? listening : -1);
    });
  for (std::thread& thread : threads) thread.join();
  return watches;
}

template <class Condition>
bool in_time(Condition&& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace

TEST_CASE("Watch: threads that have not come are told from those that came late or wait") {
  const auto watches = met();
  watches[0]->came_to(2, "a sum");
  watches[1]->went_on(1);               // and computes
  watches[2]->came_to(2, "a sum");      // which rank 0 has not heard
  watches[3]->came_to(1, "a barrier");  // where it waits for somebody
  const std::int64_t since = milliseconds_now();
  CHECK_FALSE(watches[0]->missing(2, since));
  std::optional<std::vector<int>> missing;
  CHECK(in_time([&] { return (missing = watches[0]->missing(2, since)).has_value(); }));
  CHECK(missing == std::vector<int>{1});
  CHECK(watches[2]->missing(2, since - 1000) == std::vector<int>());  // it knows of rank 0 alone

  watches[1]->leave(false);
  CHECK(in_time([&] { return watches[3]->in_trouble(); }));
  CHECK(watches[3]->trouble() == "rank 1 has ended with an error");
}

TEST_CASE("Watch: threads are told which rank has ended before a call, and when all have") {
  const auto watches = met();
  for (const auto& watch : watches) watch->went_on(3);
  CHECK_FALSE(watches[3]->ended_before(4));
  watches[1]->end();
  CHECK(in_time([&] { return watches[3]->ended_before(4).has_value(); }));
  CHECK(watches[3]->ended_before(4) == 1);
  CHECK_FALSE(watches[3]->ended_before(3));  // in which it has been
  CHECK_FALSE(watches[3]->in_trouble());
  CHECK_FALSE(watches[1]->all_have_ended());

  for (const int rank : {0, 2, 3}) {
    CHECK_FALSE(watches[0]->all_have_ended());
    watches[static_cast<std::size_t>(rank)]->end();
  }
  CHECK(in_time([&] { return watches[0]->all_have_ended(); }));
  for (const auto& watch : watches) CHECK(in_time([&] { return watch->all_have_ended(); }));
}

TEST_CASE("Watch: threads are told of a call that is another one elsewhere") {
  const auto watches = met();
  watches[0]->came_to(7, "a broadcast of rank 0");
  watches[1]->came_to(7, "the exchange of step 4");
  watches[2]->came_to(6, "the exchange of step 3");
  watches[2]->went_on(6);
  const auto other = [&](int rank, std::uint64_t call, const char* what) {
    return watches[static_cast<std::size_t>(rank)]->elsewhere(call, what);
  };
  CHECK(in_time([&] { return !other(1, 7, "the exchange of step 4").empty(); }));
  CHECK(other(1, 7, "the exchange of step 4") == "rank 0 waits in a broadcast of rank 0");
  CHECK(in_time([&] { return !other(0, 7, "a broadcast of rank 0").empty(); }));
  CHECK(other(0, 7, "a broadcast of rank 0") == "rank 1 waits in the exchange of step 4");
  CHECK(other(1, 7, "a broadcast of rank 0").empty());
  CHECK(other(1, 8, "the exchange of step 4").empty());
  CHECK(in_time([&] { return !other(0, 6, "a barrier").empty(); }));
  CHECK(other(0, 6, "a barrier") == "rank 2 has been in the exchange of step 3");
}
