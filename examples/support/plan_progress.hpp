// How far a plan of many runs of different length is, on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

#include "format.hpp"
#include "terminal_line.hpp"

/// Shows how many runs of a plan are done, and the time left. May be told by any thread.
class PlanProgress {
 public:
  /// `work` is that of all runs, in a unit that time is about proportional to.
  PlanProgress(std::int64_t runs, double work) : runs_(runs), work_(work), work_left_(work) {}

  /// What an earlier program has done says nothing about the time that the rest takes.
  enum class Source : std::uint8_t { trained, found };
  void finished(double work, Source source) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++done_;
    work_left_ -= work;
    if (source == Source::trained) work_trained_ += work;
    if (line_.shows()) draw();
  }

 private:
  using Clock = std::chrono::steady_clock;

  void draw() {
    std::vector<std::string> facts = {
        format("%lld/%lld runs", static_cast<long long>(done_), static_cast<long long>(runs_))};
    if (work_trained_ > 0) {
      const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
      facts.push_back(time_left(seconds / work_trained_ * work_left_));
    }
    line_.draw("", 1 - work_left_ / work_, facts);
  }

  TerminalLine line_;
  std::int64_t runs_, done_ = 0;
  double work_, work_left_, work_trained_ = 0;
  Clock::time_point start_ = Clock::now();
  std::mutex mutex_;
};
