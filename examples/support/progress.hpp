// A progress line that redraws itself on a terminal and stays silent elsewhere.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

/// Shows how far one epoch is: bar, loss, samples per second and the time left.
class Progress {
 public:
  /// `done` of the batches were trained on before.
  Progress(std::string title, std::int64_t batches, std::int64_t done = 0)
      : title_(std::move(title)),
        batches_(batches),
        terminal_(isatty(STDOUT_FILENO) == 1),
        first_(done),
        done_(done) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// After each batch; redraws ten times a second at most. `loss` is only read when it does.
  template <class Loss>
  void step(std::int64_t samples, Loss&& loss) {
    ++done_;
    samples_ += samples;
    if (!terminal_) return;
    const Clock::time_point now = Clock::now();
    if (now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    draw(std::chrono::duration<double>(now - start_).count(), loss());
  }

  /// Removes the line.
  void clear() {
    if (shown_) std::fputs("\r\033[K", stdout);
    shown_ = false;
  }

 private:
  using Clock = std::chrono::steady_clock;

  void draw(double seconds, double loss) {
    constexpr int width = 24;
    const int filled = static_cast<int>(width * done_ / batches_);
    const std::string bar = std::string(static_cast<std::size_t>(filled), '=') + ">" +
                            std::string(static_cast<std::size_t>(width - filled), ' ');
    const double left =
        seconds * static_cast<double>(batches_ - done_) / static_cast<double>(done_ - first_);
    std::printf("\r\033[K%s [%s] %lld/%lld  loss %.4f  %.0f samples/s  ETA %d:%02d", title_.c_str(),
                bar.c_str(), static_cast<long long>(done_), static_cast<long long>(batches_), loss,
                static_cast<double>(samples_) / seconds, static_cast<int>(left) / 60,
                static_cast<int>(left) % 60);
    std::fflush(stdout);
    shown_ = true;
  }

  std::string title_;
  std::int64_t batches_;
  bool terminal_;
  std::int64_t first_;
  std::int64_t done_;
  bool shown_ = false;
  std::int64_t samples_ = 0;
  Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_ = start_;
};
