// What both sides of the comparison measure with: values from formulas, checks, time, memory.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace bench {

/// Seconds that one measurement takes.
inline double time_budget = 0.5;

/// Fills out[0, n) with values spread over [-scale, scale) by an integer hash: the same on both
/// sides.
inline void fill(float* out, std::int64_t n, std::uint32_t seed, double scale) {
  std::uint32_t state = seed * 2654435761u + 12345u;
  for (std::int64_t i = 0; i < n; ++i) {
    state = state * 1664525u + 1013904223u;
    out[i] = static_cast<float>((static_cast<double>(state) / 4294967296.0 * 2 - 1) * scale);
  }
}

/// Class labels of n samples.
inline std::vector<std::int64_t> labels(std::int64_t n, std::int64_t classes) {
  std::vector<std::int64_t> result(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) result[static_cast<std::size_t>(i)] = i * 7 % classes;
  return result;
}

/// Class indices that look random, from number `first` of a stream of them.
inline std::vector<std::int64_t> tokens(std::int64_t n, std::int64_t classes, std::int64_t first) {
  std::vector<std::int64_t> result;
  std::uint32_t state = 7;
  for (std::int64_t i = 0; i < first + n; ++i) {
    state = state * 1664525u + 1013904223u;
    if (i >= first) result.push_back(static_cast<std::int64_t>(state >> 8) % classes);
  }
  return result;
}

/// The triangles of 40 bands over 129 points of the spectrum at 8 kHz, row by row: those of HTK's mel
/// scale, height 1, from 0 to 4000 Hz.
inline std::vector<float> mel_triangles() {
  constexpr int bands = 40, points = 129;
  const double last = 2595 * std::log10(1 + 4000 / 700.0);
  const auto corner = [&](int i) {
    return 700 * (std::pow(10, last * i / (bands + 1) / 2595) - 1);
  };
  std::vector<float> result;
  for (int b = 0; b < bands; ++b)
    for (int f = 0; f < points; ++f) {
      const double at = f * 31.25, left = corner(b), middle = corner(b + 1), right = corner(b + 2);
      const double height =
          std::min((at - left) / (middle - left), (right - at) / (right - middle));
      result.push_back(static_cast<float>(std::max(0.0, height)));
    }
  return result;
}

/// Bytes of a set of images that the loaders read: 60,000 of 784.
inline std::vector<std::uint8_t> pixels() {
  std::vector<std::uint8_t> result(60'000 * 784);
  std::uint32_t state = 1;
  for (std::uint8_t& pixel : result) {
    state = state * 1664525u + 1013904223u;
    pixel = static_cast<std::uint8_t>(state >> 24);
  }
  return result;
}

/// Prints a value that the other side must reproduce.
inline void check(double value) { std::printf("check %.9g\n", value); }

/// Prints the milliseconds since the moment that $BENCH_STARTED_NS says.
void print_age();
/// Prints the most memory that this process has held so far.
void print_peak_memory();

/// Repeats f for the length of the budget in up to eleven parts, and prints the median nanoseconds
/// of one call.
template <class F>
void time(F&& f) {
  using Clock = std::chrono::steady_clock;
  const auto seconds = [&](std::int64_t calls) {
    const Clock::time_point start = Clock::now();
    for (std::int64_t i = 0; i < calls; ++i) f();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  std::int64_t calls = 1;
  double taken = seconds(calls);
  while (taken < time_budget / 25) taken = seconds(calls *= 2);
  const double one = taken / static_cast<double>(calls);
  calls = std::max<std::int64_t>(1, static_cast<std::int64_t>(time_budget / 11 / one));
  const int parts =
      std::clamp(static_cast<int>(time_budget / one / static_cast<double>(calls)), 5, 11);

  std::vector<double> times;
  for (int part = 0; part < parts; ++part)
    times.push_back(seconds(calls) / static_cast<double>(calls));
  std::sort(times.begin(), times.end());
  std::printf("nanoseconds %.1f\n", times[times.size() / 2] * 1e9);
}

/// A training step that returns its loss: three that are checked, with the time until the first is
/// done and the memory of all three; then the time of one.
template <class Step>
void time_training(Step&& step) {
  for (int i = 0; i < 3; ++i) {
    check(step().template item<double>());
    if (i == 0) print_age();
  }
  print_peak_memory();
  time(step);
}

}  // namespace bench
