// FloatingPointMode: the one way in which the library computes, whatever its caller has set.
#pragma once

#include <cstdint>

namespace plumb::detail {

/// While one lives, its thread rounds to nearest, keeps denormal numbers and traps nothing. A caller
/// may have set it otherwise (fesetround, flush-to-zero, feenableexcept); the library's threads,
/// which were started before, would not know, and bits would depend on which of them computes what.
/// The caller's mode comes back at the end, with the exceptions that were raised meanwhile.
///
/// Stands where an operation, a rule, a step or a loop on several threads begins: for the price of a
/// look, 1 to 2 ns on a Sapphire Rapids, where the caller has set nothing. Processors other than
/// x86-64 keep the caller's mode.
class FloatingPointMode {
 public:
#if defined(__x86_64__)
  FloatingPointMode() : before_(__builtin_ia32_stmxcsr()) {
    if (differs()) enter();
  }
  ~FloatingPointMode() {
    if (differs()) leave(before_);
  }

 private:
  static constexpr std::uint32_t raised = 0x3f;    // exceptions since they were last cleared
  static constexpr std::uint32_t wanted = 0x1f80;  // what a process begins with

  bool differs() const { return (before_ & ~raised) != wanted; }
  // By value: who looks only keeps the object in a register.
  static void enter();
  static void leave(std::uint32_t before);

  const std::uint32_t before_;

 public:
#else
  FloatingPointMode() {}
  ~FloatingPointMode() {}
#endif
  FloatingPointMode(const FloatingPointMode&) = delete;
  FloatingPointMode& operator=(const FloatingPointMode&) = delete;
};

}  // namespace plumb::detail
