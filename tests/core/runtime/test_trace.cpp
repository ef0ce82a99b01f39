#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>
#include <plumb/core/runtime/profile.hpp>
#include <plumb/core/runtime/trace.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "../../support/errors.hpp"
#include "../../support/temporary_folder.hpp"

namespace plumb::test {
namespace {

struct Event {
  std::string name, category;
  std::int64_t start = 0, end = 0;  // nanoseconds
  int thread = 0;
};

// What stands behind "key": in a line, without quotes.
std::string field(const std::string& line, const std::string& key) {
  const std::size_t at = line.find("\"" + key + "\": ");
  if (at == std::string::npos) return "";
  const std::size_t from = at + key.size() + 4;
  if (line[from] == '"') return line.substr(from + 1, line.find('"', from + 1) - from - 1);
  return line.substr(from, line.find_first_of(",}", from) - from);
}

std::int64_t nanoseconds(const std::string& microseconds) {
  REQUIRE(microseconds.size() > 4);
  CHECK(microseconds[microseconds.size() - 4] == '.');
  return std::llround(std::stod(microseconds) * 1e3);
}

// The operations of a file that has each in a line of its own.
std::vector<Event> events_of(const Trace& trace) {
  const TemporaryFolder folder;
  trace.write(folder.path() + "/trace.json");
  std::istringstream lines(read_file(folder.path() + "/trace.json"));
  std::vector<Event> events;
  for (std::string line; std::getline(lines, line);) {
    if (field(line, "ph") != "X") continue;
    const std::int64_t start = nanoseconds(field(line, "ts"));
    events.push_back({field(line, "name"), field(line, "cat"), start,
                      start + nanoseconds(field(line, "dur")), std::stoi(field(line, "tid"))});
  }
  return events;
}

void wait_for(std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) continue;
}

}  // namespace

TEST_CASE("trace: operations nest, what is around others comes first") {
  const Trace trace;
  for (int i = 0; i < 100; ++i) {
    const Profiled outer("outer");
    { const Profiled first("first", Phase::backward); }
    const Profiled second("second", Phase::step);
    wait_for(std::chrono::microseconds(1));
  }
  const std::vector<Event> events = events_of(trace);
  REQUIRE(events.size() == 300);
  std::int64_t before = 0;
  for (std::size_t i = 0; i < events.size(); i += 3) {
    const Event &outer = events[i], &first = events[i + 1], &second = events[i + 2];
    CHECK(outer.name == "outer");
    CHECK(outer.category == "forward");
    CHECK(first.name == "first backward");
    CHECK(first.category == "backward");
    CHECK(second.name == "second step");
    CHECK(second.category == "step");
    CHECK(before <= outer.start);
    CHECK(outer.start <= first.start);
    CHECK(first.end <= second.start);
    CHECK(second.end - second.start >= 1000);
    CHECK(second.end <= outer.end);
    CHECK(second.thread == outer.thread);
    before = outer.end;
  }
}

TEST_CASE("trace: each has what began and ended in its lifetime, with the calls of a profile") {
  const Profile profile;
  const Trace whole;
  { const Profiled profiled("a"); }
  {
    const Profiled around("around");
    const Trace inner;
    { const Profiled profiled("b"); }
    CHECK(inner.size() == 1);
    CHECK(events_of(inner).front().name == "b");
  }
  { const Profiled open("open"), closed("closed"); }
  std::map<std::string, std::int64_t> calls;
  for (const Event& event : events_of(whole)) ++calls[event.name];
  CHECK(calls.size() == 5);
  for (const ProfileRow& row : profile.rows()) CHECK(calls[row.operation] == row.calls);
}

TEST_CASE("trace: what began before it is not in it") {
  const Profile profile;
  std::optional<Profiled> early(std::in_place, "early");
  const Trace trace;
  early.reset();
  CHECK(profile.rows().size() == 1);
  CHECK(trace.size() == 0);
}

TEST_CASE("trace: without one nothing is recorded, and none makes operations timed for ever") {
  { const Trace trace; }
  CHECK_FALSE(profiling());
  { const Profiled profiled("unseen"); }
  const Trace trace;
  CHECK(profiling());
  CHECK(trace.size() == 0);
  CHECK(events_of(trace).empty());
}

TEST_CASE("trace: beyond its limit it counts") {
  const Trace trace(3), large;
  for (int i = 0; i < 5; ++i) {
    const Profiled profiled(i < 3 ? "early" : "late");
  }
  CHECK(trace.size() == 3);
  CHECK(trace.left_out() == 2);
  CHECK(large.size() == 5);
  CHECK(large.left_out() == 0);
  for (const Event& event : events_of(trace)) CHECK(event.name == "early");
}

TEST_CASE("trace: threads have numbers and names of their own") {
  const Trace trace;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([i] {
      const std::string name = "thread " + std::to_string(i);
      for (int call = 0; call < 500; ++call) {
        const Profiled profiled(name.c_str());
      }
    });
  for (std::thread& thread : threads) thread.join();
  std::map<std::string, std::vector<Event>> by_name;
  for (const Event& event : events_of(trace)) by_name[event.name].push_back(event);
  REQUIRE(by_name.size() == 4);
  std::map<int, std::string> names;
  for (const auto& [name, events] : by_name) {
    CHECK(events.size() == 500);
    names[events.front().thread] = name;
    for (std::size_t i = 1; i < events.size(); ++i) {
      CHECK(events[i].thread == events[0].thread);
      CHECK(events[i - 1].end <= events[i].start);
    }
  }
  CHECK(names.size() == 4);
  const TemporaryFolder folder;
  trace.write(folder.path() + "/t");
  const std::string file = read_file(folder.path() + "/t");
  for (const auto& [number, name] : names)
    CHECK(contains(file, "\"tid\": " + std::to_string(number) + ", \"args\": {\"name\": \"thread " +
                             std::to_string(number) + "\"}"));
}

TEST_CASE("trace: names as JSON has them, what cannot be is refused") {
  const TemporaryFolder folder;
  const Trace trace;
  { const Profiled profiled("a \"b\" \\ \n ü"); }
  trace.write(folder.path() + "/t");
  CHECK(contains(read_file(folder.path() + "/t"),
                 "\"name\": \"a \\u0022b\\u0022 \\u005c \\u000a ü\""));
  CHECK(contains(error_of([&] { trace.write(folder.path()); }), "[Trace] " + folder.path() + ": "));
  CHECK(error_of([] { Trace none(0); }) == "[Trace] the limit must be at least 1, got 0");
  CHECK(contains(error_of([] { Trace endless(INT64_MAX); }), "[Trace] no memory for "));
}

}  // namespace plumb::test
