// A progress line over many runs of different length, which redraws itself on a terminal.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>

/// Shows how many runs of a plan are done, and the time left; silent where stdout is no terminal.
/// May be told by any thread.
class PlanProgress {
 public:
  /// `work` is that of all runs, in a unit that time is about proportional to.
  PlanProgress(std::int64_t runs, double work)
      : runs_(runs), work_(work), work_left_(work), terminal_(isatty(STDOUT_FILENO) == 1) {}
  ~PlanProgress() {
    if (shown_) std::fputs("\r\033[K", stdout);
  }
  PlanProgress(const PlanProgress&) = delete;
  PlanProgress& operator=(const PlanProgress&) = delete;

  /// What was found done, by an earlier program, says nothing about the time that the rest takes.
  enum class Source : std::uint8_t { trained, found };
  void finished(double work, Source source) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++done_;
    work_left_ -= work;
    if (source == Source::trained) work_trained_ += work;
    if (terminal_) draw();
  }

 private:
  using Clock = std::chrono::steady_clock;

  void draw() {
    constexpr std::size_t width = 30;
    const double share = std::clamp(1 - work_left_ / work_, 0.0, 1.0);
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
    std::printf("\r\033[K[%s>%s] %lld/%lld runs", std::string(filled, '=').c_str(),
                std::string(width - filled, ' ').c_str(), static_cast<long long>(done_),
                static_cast<long long>(runs_));
    if (work_trained_ > 0) {
      const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
      const auto left = static_cast<int>(seconds / work_trained_ * work_left_);
      std::printf("  ETA %d:%02d", left / 60, left % 60);
    }
    std::fflush(stdout);
    shown_ = true;
  }

  std::int64_t runs_, done_ = 0;
  double work_, work_left_, work_trained_ = 0;
  bool terminal_, shown_ = false;
  Clock::time_point start_ = Clock::now();
  std::mutex mutex_;
};
