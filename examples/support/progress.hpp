// How far a training run is, on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "format.hpp"
#include "terminal_line.hpp"

/// Shows the running epoch as a bar with loss and samples per second, and the time that the whole
/// run still takes, its tests included.
class Progress {
 public:
  /// A run of so many batches in all, of which `done` were trained on by an earlier program. `measure`
  /// is what step() is given.
  Progress(std::int64_t batches, std::int64_t done, std::string measure = "loss")
      : measure_(std::move(measure)), run_{batches, done}, first_(done), run_start_(Clock::now()) {}

  /// An epoch of so many batches begins, or goes on after `done` of them.
  void begin(std::string title, std::int64_t batches, std::int64_t done) {
    title_ = std::move(title);
    epoch_ = {batches, done};
    samples_ = 0;
    epoch_start_ = drawn_ = Clock::now();
  }

  /// After each batch; redraws ten times a second at most. `loss` is only called when it does.
  template <class Loss>
  void step(std::int64_t samples, Loss&& loss) {
    ++run_.done;
    ++epoch_.done;
    samples_ += samples;
    if (!line_.shows()) return;
    const Clock::time_point now = Clock::now();
    if (now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    draw(now, loss());
  }

  /// Removes the line.
  void clear() { line_.clear(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Count {
    std::int64_t batches = 0, done = 0;
  };

  static double seconds(Clock::duration time) {
    return std::chrono::duration<double>(time).count();
  }

  void draw(Clock::time_point now, double loss) {
    const double share = static_cast<double>(epoch_.done) / static_cast<double>(epoch_.batches);
    const double left = seconds(now - run_start_) * static_cast<double>(run_.batches - run_.done) /
                        static_cast<double>(run_.done - first_);
    line_.draw(
        title_, share,
        {time_left(left), format("%s %.4f", measure_.c_str(), loss),
         format("%lld/%lld", static_cast<long long>(epoch_.done),
                static_cast<long long>(epoch_.batches)),
         format("%.0f samples/s", static_cast<double>(samples_) / seconds(now - epoch_start_))});
  }

  TerminalLine line_;
  std::string measure_, title_;
  Count run_, epoch_;
  std::int64_t first_;        // of the run's batches that this program trains on
  std::int64_t samples_ = 0;  // of the epoch, by this program
  Clock::time_point run_start_, epoch_start_, drawn_;
};
