// How many helper threads a loop calls: fewer while other programs have the processors.
#pragma once

#include <algorithm>
#include <chrono>

namespace plumb::detail {

/// A helper that has taken a chunk and then loses its processor holds up the whole loop, for as long
/// as another program runs; and a caller that loses its own shares it with one because a helper has
/// the other. After such a loop a fourth fewer are called, at least one; after a pause so many more
/// are tried again. The pause, from 4 to 2048 ms, doubles with each attempt that fails, and halves with
/// each that does not. For one caller at a time. A loop of two chunks counts as one of many: where its
/// helper was late, the next loops begin with none.
class HelperLimit {
 public:
  using Clock = std::chrono::steady_clock;

  /// What a loop of any length may take longer than it should.
  static constexpr Clock::duration grace = std::chrono::microseconds(500);

  /// Of `wanted` helpers, how many to call now.
  int helpers(int wanted, Clock::time_point now) {
    if (called_ < wanted && now >= next_attempt_) {
      if (trial_) pause_ = std::max<Clock::duration>(shortest, pause_ / 2);  // the last one stood
      called_ += step();
      trial_ = true;
      next_attempt_ = now + pause_;
    } else if (trial_ && now >= next_attempt_) {  // all came for as long as they had been away
      trial_ = false;
      pause_ = shortest;
    }
    return std::min(called_, wanted);
  }

  /// Whether helpers held up a loop that took `whole`, its caller `own` of that. The caller may have to
  /// wait for as long as it worked itself. Beyond that one of the others has lost its processor: to
  /// another program for one to four milliseconds. An interrupted caller has lost its own; in a loop of
  /// many such turns everybody is, and more threads still get more of the processors.
  static bool is_late(Clock::duration own, Clock::duration whole, bool interrupted) {
    constexpr auto many_turns = std::chrono::milliseconds(32);
    return whole > 2 * own + grace || (interrupted && own < many_turns);
  }

  /// The loop before had to wait for one of `called`.
  void was_late(int called, Clock::time_point now) {
    called_ = std::max(0, called - std::max(1, called / 4));
    if (trial_) pause_ = std::min<Clock::duration>(2 * pause_, longest);
    trial_ = false;
    next_attempt_ = now + pause_;
  }

 private:
  static constexpr Clock::duration shortest = std::chrono::milliseconds(4);
  static constexpr Clock::duration longest = std::chrono::milliseconds(2048);

  int step() const { return std::max(1, called_ / 4); }

  int called_ = 1 << 20;  // at most; all, until one is late
  bool trial_ = false;    // whether more are called than a while ago
  Clock::duration pause_ = shortest;
  Clock::time_point next_attempt_{};
};

}  // namespace plumb::detail
