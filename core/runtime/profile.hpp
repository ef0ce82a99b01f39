// Profile: where the time goes, operation by operation.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace plumb {

/// What of an operation was timed: its forward, the rule for its gradients, an optimizer's step.
enum class Phase : std::uint8_t { forward, backward, step };

/// All calls of one operation. Times exclude operations that ran inside.
struct ProfileRow {
  std::string operation;
  Phase phase = Phase::forward;
  std::int64_t calls = 0;
  double seconds = 0;  ///< Wall time; of several threads the sum.
  /// Of the tensors that went in and came out: inputs and result, or the gradient of the result and
  /// those that the rule gave; of a step gradients, parameters and averages. Not of what a kernel
  /// reads twice or a rule has saved.
  double bytes = 0;
  /// Multiplications and additions of matrix products and convolutions as they are defined, however
  /// they were computed; of other operations 0.
  double flops = 0;
};

/// While it lives, operations on all threads are timed:
///
///     Profile profile;
///     step();
///     std::puts(to_string(profile).c_str());
///
/// Several may live at once, each with what ended in its lifetime. Without any, an operation pays
/// for the look whether there is one. With PLUMB_PROFILE=1 in the environment one lives as long as
/// the program, and is printed to stderr when that ends.
///
/// An operation is what opens a Profiled: all of the library's, with their rules, and the steps of
/// optimizers. What lies between them, such as the making of batches, is in no row.
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

/// Whether a Profile lives.
inline bool profiling() { return detail::profiles_alive.load(std::memory_order_relaxed) != 0; }

/// Times what the calling thread does from here to the end of the scope as one call of an
/// operation, where a Profile lives. Operations inside count for themselves.
class Profiled {
 public:
  explicit Profiled(const char* operation, Phase phase = Phase::forward)
      : open_(profiling() && open(operation, phase)) {}
  ~Profiled() {
    if (open_) close();
  }
  Profiled(const Profiled&) = delete;
  Profiled& operator=(const Profiled&) = delete;

  // To the innermost operation that the calling thread has open; where it has none, to nothing.
  /// Adds to the bytes that it has read and written.
  static void add_bytes(std::size_t bytes);
  /// One multiplication and one addition for each element of a space of these sizes.
  template <class... Sizes>
  static void add_multiply_adds(Sizes... sizes) {
    if (profiling()) add_flops((2.0 * ... * static_cast<double>(sizes)));
  }

 private:
  // What is open stands in a stack of the thread, not here: nobody else sees this object, so it
  // stays in a register.
  static bool open(const char* operation, Phase phase);
  static void close() noexcept;
  static void add_flops(double flops);

  const bool open_;
};

}  // namespace plumb
