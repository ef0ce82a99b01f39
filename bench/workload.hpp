// What both sides of the comparison share: arguments, values from formulas, timing, output.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace bench {

/// What to run: "mlp-64" is name mlp and size 64.
struct Workload {
  std::string name;
  std::int64_t size = 0;
  int threads = 1;

  /// From the arguments WORKLOAD THREADS; ends the program where they are missing.
  Workload(int argc, char** argv) {
    if (argc != 3) {
      std::fprintf(stderr, "usage: %s mlp|lenet|cnn|cnnbn-BATCH or mul|chain-SIZE, THREADS\n",
                   argv[0]);
      std::exit(2);
    }
    name = argv[1];
    const std::size_t dash = name.find('-');
    if (dash != std::string::npos) size = std::atoll(name.c_str() + dash + 1);
    name = name.substr(0, dash);
    threads = std::atoi(argv[2]);
  }
};

/// n values spread over [-scale, scale) by an integer hash: the same on both sides.
inline std::vector<float> values(std::int64_t n, std::uint32_t seed, double scale) {
  std::vector<float> result(static_cast<std::size_t>(n));
  std::uint32_t state = seed * 2654435761u + 12345u;
  for (float& value : result) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>((static_cast<double>(state) / 4294967296.0 * 2 - 1) * scale);
  }
  return result;
}

/// Weights of a linear layer, uniform in +-1/sqrt(in).
inline std::vector<float> weights(std::int64_t out, std::int64_t in, std::uint32_t seed) {
  return values(out * in, seed, 1 / std::sqrt(static_cast<double>(in)));
}

inline std::vector<std::int64_t> labels(std::int64_t n) {
  std::vector<std::int64_t> result(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) result[static_cast<std::size_t>(i)] = i * 7 % 10;
  return result;
}

/// Prints a value that the other side must reproduce.
inline void check(double value) { std::printf("check %.9g\n", value); }

/// Repeats f for about half a second in ten parts, and prints the median nanoseconds of one call.
template <class F>
void time(F&& f) {
  using Clock = std::chrono::steady_clock;
  const auto seconds = [&](std::int64_t calls) {
    const Clock::time_point start = Clock::now();
    for (std::int64_t i = 0; i < calls; ++i) f();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  std::int64_t calls = 1;
  while (seconds(calls) < 0.02) calls *= 2;
  calls *= 2;
  std::vector<double> parts;
  for (int part = 0; part < 11; ++part)
    parts.push_back(seconds(calls) / static_cast<double>(calls));
  std::sort(parts.begin(), parts.end());
  std::printf("nanoseconds %.1f\n", parts[parts.size() / 2] * 1e9);
}

}  // namespace bench
