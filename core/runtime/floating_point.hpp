// Subnormal numbers, and FloatingPointMode: the one way in which the library computes, whatever its
// caller has set.
#pragma once

#include <atomic>
#include <cstdint>

namespace plumb {

/// Whether the library takes subnormal numbers for 0, as it does unless told otherwise: what an
/// operation, a rule or a step computes with is 0 where it is one, and so is its result. (What only
/// chooses or moves an element, as abs and max do, hands it on.) These are the numbers below 1.2e-38
/// in float32 and 2.2e-308 in float64. A moment that decays, or the gradient of a net that has
/// converged, ends among them, and some processors take a hundred times as long for each.
/// Operations on tensors and variables, rules and optimizer steps do so. Your own arithmetic, hooks,
/// datasets and samplers keep them, except in a rule and behind a Profiled in its scope. For the whole
/// process; not to be called while another thread computes. Processors other than x86-64 keep the
/// caller's mode.
void set_flush_subnormals(bool flush);
/// What was set; true at first.
bool flush_subnormals();

namespace detail {

#if defined(__x86_64__)
inline constexpr std::uint32_t usual_mode = 0x1f80;  // what a process begins with
inline constexpr std::uint32_t flushes = 0x8040;     // results and operands
inline std::atomic<std::uint32_t> library_mode{usual_mode | flushes};
#endif

enum class Subnormals : std::uint8_t {
  flushed_if_set,  // flush_subnormals()
  kept,            // where functions of the user's are called, and his files read
  as_before        // flushed where the thread does so
};

/// While one lives, its thread rounds to nearest, traps nothing, and flushes subnormal numbers where
/// flush_subnormals(). A caller may have set it otherwise (fesetround, feenableexcept); the library's
/// threads, which were started before, would not know, and bits would depend on which of them
/// computes what. The caller's mode comes back at the end. Exceptions that were raised meanwhile are
/// added to his where he traps one.
///
/// Stands where an operation, a rule, a step or a loop on several threads begins. Inside another one
/// it costs a look (1 ns on an Emerald Rapids), elsewhere two changes of the mode: 4 ns alone, more where
/// arithmetic before and behind could have overlapped. Processors other than x86-64 keep the
/// caller's mode.
class FloatingPointMode {
 public:
#if defined(__x86_64__)
  explicit FloatingPointMode(Subnormals subnormals = Subnormals::flushed_if_set)
      : FloatingPointMode(
            subnormals == Subnormals::flushed_if_set ? library_mode.load(std::memory_order_relaxed)
            : subnormals == Subnormals::kept         ? usual_mode
                                             : usual_mode | (__builtin_ia32_stmxcsr() & flushes)) {}
  /// What of_thread() gave on another thread.
  explicit FloatingPointMode(std::uint32_t wanted)
      : before_(__builtin_ia32_stmxcsr()), differs_((before_ & ~raised) != wanted) {
    if (differs_) __builtin_ia32_ldmxcsr(wanted | (before_ & raised));
  }
  ~FloatingPointMode() {
    if (differs_) leave(before_);
  }

  static std::uint32_t of_thread() { return __builtin_ia32_stmxcsr() & ~raised; }

 private:
  static constexpr std::uint32_t raised = 0x3f;  // exceptions since they were last cleared

  // By value: who looks only keeps the object in registers.
  static void leave(std::uint32_t before) {
    const bool traps = (before & usual_mode) != usual_mode;
    __builtin_ia32_ldmxcsr(traps ? before | (__builtin_ia32_stmxcsr() & raised) : before);
  }

  const std::uint32_t before_;
  const bool differs_;

 public:
#else
  explicit FloatingPointMode(Subnormals = Subnormals::flushed_if_set) {}
  explicit FloatingPointMode(std::uint32_t) {}
  ~FloatingPointMode() {}

  static std::uint32_t of_thread() { return 0; }
#endif
  FloatingPointMode(const FloatingPointMode&) = delete;
  FloatingPointMode& operator=(const FloatingPointMode&) = delete;
};

}  // namespace detail
}  // namespace plumb
