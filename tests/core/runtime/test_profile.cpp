#include <doctest/doctest.h>

#include <chrono>
#include <plumb/core/runtime/profile.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace plumb;

namespace {

void work_for(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) continue;
}

const ProfileRow* find(const std::vector<ProfileRow>& rows, const std::string& operation,
                       Phase phase = Phase::forward) {
  for (const ProfileRow& row : rows)
    if (row.operation == operation && row.phase == phase) return &row;
  return nullptr;
}

}  // namespace

TEST_CASE("profile: without one nothing is timed") {
  REQUIRE_FALSE(profiling());
  { const Profiled profiled("unseen"); }
  const Profile profile;
  CHECK(profiling());
  CHECK(profile.rows().empty());
}

TEST_CASE("profile: an operation's time excludes what ran inside, the longest comes first") {
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  const Profile profile;
  const steady_clock::time_point start = steady_clock::now();
  {
    const Profiled outer("outer");
    work_for(milliseconds(5));
    const Profiled inner("inner");
    work_for(milliseconds(20));
  }
  const double seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  const std::vector<ProfileRow> rows = profile.rows();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].seconds >= rows[1].seconds);
  const ProfileRow* inner = find(rows, "inner");
  const ProfileRow* outer = find(rows, "outer");
  REQUIRE(inner != nullptr);
  REQUIRE(outer != nullptr);
  CHECK(inner->seconds >= 0.02);
  CHECK(outer->seconds >= 0.005);
  CHECK(outer->seconds + inner->seconds <= seconds);  // however long a busy machine makes either
}

TEST_CASE("profile: the times of three that are nested add up to no more than the whole") {
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  const Profile profile;
  const steady_clock::time_point start = steady_clock::now();
  {
    const Profiled outer("outer");
    const Profiled middle("middle");
    const Profiled inner("inner");
    work_for(milliseconds(5));
  }
  const double seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  double sum = 0;
  for (const ProfileRow& row : profile.rows()) sum += row.seconds;
  CHECK(sum >= 0.005);
  CHECK(sum <= seconds);
}

TEST_CASE("profile: bytes and operations go to the innermost scope") {
  const Profile profile;
  Profiled::add_bytes(1000);
  {
    const Profiled outer("outer");
    Profiled::add_bytes(1);
    {
      const Profiled inner("inner");
      Profiled::add_bytes(20);
      Profiled::add_multiply_adds(std::int64_t{3}, 5);
    }
    Profiled::add_bytes(2);
    Profiled::add_multiply_adds(7);
  }
  const std::vector<ProfileRow> rows = profile.rows();
  REQUIRE(rows.size() == 2);
  CHECK(find(rows, "outer")->bytes == 3);
  CHECK(find(rows, "outer")->flops == 14);
  CHECK(find(rows, "inner")->bytes == 20);
  CHECK(find(rows, "inner")->flops == 30);
}

TEST_CASE("profile: each sees what ended in its lifetime, phases apart") {
  const Profile whole;
  { const Profiled profiled("a"); }
  const Profile late;
  { const Profiled profiled("a", Phase::backward); }
  {
    const Profile inner;
    const Profiled profiled("a");
  }
  REQUIRE(late.rows().size() == 2);
  CHECK(find(late.rows(), "a")->calls == 1);
  CHECK(find(late.rows(), "a", Phase::backward)->calls == 1);
  CHECK(find(whole.rows(), "a")->calls == 2);
}

TEST_CASE("profile: a scope that an exception leaves is counted, and the one around it goes on") {
  const Profile profile;
  {
    const Profiled outer("outer");
    try {
      const Profiled inner("inner");
      throw std::runtime_error("left");
    } catch (const std::runtime_error&) {
    }
    Profiled::add_bytes(8);
  }
  CHECK(find(profile.rows(), "inner")->calls == 1);
  CHECK(find(profile.rows(), "outer")->bytes == 8);
}

TEST_CASE("profile: several threads add up") {
  const Profile profile;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([] {
      for (int call = 0; call < 1000; ++call) {
        const Profiled profiled(call % 2 == 0 ? "even" : "odd");
        Profiled::add_bytes(3);
      }
    });
  for (std::thread& thread : threads) thread.join();
  const std::vector<ProfileRow> rows = profile.rows();
  CHECK(find(rows, "even")->calls == 2000);
  CHECK(find(rows, "odd")->calls == 2000);
  CHECK(find(rows, "odd")->bytes == 6000);
}

TEST_CASE("profile: the table has a line for each row and one for their sum") {
  const Profile profile;
  {
    const Profiled profiled("a name that is longer than the others", Phase::step);
    Profiled::add_bytes(2'000'000);
  }
  const std::string table = to_string(profile);
  CHECK(table.find("a name that is longer than the others  step             1 ") !=
        std::string::npos);
  CHECK(table.find(" 100.0 % ") != std::string::npos);
  CHECK(table.find(" 2.0 ") != std::string::npos);
  CHECK(table.find("\nall   ") != std::string::npos);
}
