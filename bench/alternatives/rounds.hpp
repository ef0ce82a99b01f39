// Times functions that do the same work, in turn, so that a slow moment of the machine meets all.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// One way to do the work of a table's row.
struct Way {
  std::string name;
  std::function<void()> run;
};

/// Prints "time TABLE ROW WAY NANOSECONDS WORK" for each way, between tabs: the median of seven
/// rounds, each of so many calls that they take 2 ms. `work` is what one call does, in operations.
inline void compare(const std::string& table, const std::string& row, double work,
                    const std::vector<Way>& ways) {
  using Clock = std::chrono::steady_clock;
  constexpr int rounds = 7;
  constexpr double round_seconds = 2e-3;
  const auto seconds = [](const Way& way, std::int64_t calls) {
    const Clock::time_point start = Clock::now();
    for (std::int64_t i = 0; i < calls; ++i) way.run();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  std::vector<std::int64_t> calls(ways.size(), 1);
  std::vector<std::vector<double>> times(ways.size());
  for (std::size_t i = 0; i < ways.size(); ++i) {
    seconds(ways[i], 1);  // takes its memory, which the pool then keeps
    while (seconds(ways[i], calls[i]) < round_seconds) calls[i] *= 2;
  }
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < ways.size(); ++i)
      times[i].push_back(seconds(ways[i], calls[i]) / static_cast<double>(calls[i]));
  for (std::size_t i = 0; i < ways.size(); ++i) {
    std::sort(times[i].begin(), times[i].end());
    std::printf("time\t%s\t%s\t%s\t%.1f\t%.6g\n", table.c_str(), row.c_str(), ways[i].name.c_str(),
                times[i][rounds / 2] * 1e9, work);
  }
}

}  // namespace bench
