// Profile: where the time goes, operation by operation.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "floating_point.hpp"

namespace plumb {

/// What of an operation was timed: its forward, the rule for its gradients, an optimizer's step.
enum class Phase : std::uint8_t { forward, backward, step };

/// All calls of one operation. Times exclude operations that ran inside.
struct ProfileRow {
  std::string operation;
  Phase phase = Phase::forward;
  std::int64_t calls = 0;
  double seconds = 0;  ///< Wall time; of several threads the sum.
  /// Each tensor counts once. Forward: the inputs and the result. Backward: the gradient of the
  /// result and those that the rule gives. A step: gradients, parameters and averages. What a
  /// kernel reads twice and what a rule has saved is not added.
  double bytes = 0;
  /// Of matrix products and convolutions: the multiplications and additions of the definition, also
  /// where the kernel needs fewer. Of other operations 0.
  double flops = 0;
};

/// While it lives, operations on all threads are timed:
///
///     Profile profile;
///     step();
///     std::puts(to_string(profile).c_str());
///
/// Several may live at once; each sees what ended in its lifetime. Where none lives, and no Trace
/// (trace.hpp), an operation reads one flag. With PLUMB_PROFILE=1 in the environment the whole
/// program is profiled, and the table is printed to stderr at its end.
///
/// Every operation of the library has a row, its rule another, and so has the step of an
/// optimizer. Time between operations, such as the making of batches, is in no row, nor what
/// destructors of static objects do. An operation of one's own gets a row by a Profiled at its
/// beginning.
class Profile {
 public:
  Profile();
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  /// What has ended since it was made, the longest time first.
  std::vector<ProfileRow> rows() const;

 private:
  std::vector<ProfileRow> before_;
};

/// The rows as a table with the rates that follow from them, and their sum.
std::string to_string(const Profile& profile);

namespace detail {

inline std::atomic<int> profiles_alive{0};
}  // namespace detail

/// Whether a Profile lives, or a Trace, which is made of one.
inline bool profiling() { return detail::profiles_alive.load(std::memory_order_relaxed) != 0; }

/// Times what the calling thread does from here to the end of the scope as one call of an
/// operation, where a Profile or a Trace lives. Operations inside count for themselves. Until then
/// the thread rounds to nearest and flushes subnormal numbers (flush_subnormals()), whatever it was
/// set to.
class Profiled {
 public:
  explicit Profiled(const char* operation, Phase phase = Phase::forward)
      : open_(profiling() && open(operation, phase)) {}
  ~Profiled() {
    if (open_) close();
  }
  Profiled(const Profiled&) = delete;
  Profiled& operator=(const Profiled&) = delete;

  // Both count for the innermost operation that the calling thread has open, if it has one.
  /// Bytes that were read or written.
  static void add_bytes(std::size_t bytes);
  /// One multiplication and one addition for each element of a space of these sizes.
  template <class... Sizes>
  static void add_multiply_adds(Sizes... sizes) {
    if (profiling()) add_flops((2.0 * ... * static_cast<double>(sizes)));
  }

 private:
  // The open operations stand in a list of the thread: without members of its own to keep in
  // memory, this object stays in a register.
  static bool open(const char* operation, Phase phase);
  static void close() noexcept;
  static void add_flops(double flops);

  const detail::FloatingPointMode mode_;
  const bool open_;
};

}  // namespace plumb
