// Checks: a switch that makes the library say where a program that trains is probably wrong.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace plumb {

/// Turns the checks on or off for the whole process; PLUMB_CHECK=1 in the environment turns them on
/// from the start. Each mistake is told once, in a line on stderr that says what to do about it:
///
///     plumb: [cross_entropy] the scores come from softmax, which cross_entropy applies itself: ...
///
/// Turned on again, everything is counted afresh and may be told again. docs/checks.md lists what
/// is noticed. Results are the same bits with the checks and without. Off, they cost a flag that is
/// read here and there, never in a loop; on, they read some tensors once more.
void set_checks(bool on);

namespace detail {

inline std::atomic<bool> checks_on{false};
/// How many look at operations as they are recorded: profiles, and the checks. One flag for both.
inline std::atomic<int> observers{0};

/// Which turning on of the checks this is, from 1: what was counted under another is void.
std::uint32_t checks_turn();
/// Whether this mistake was told since the checks were turned on.
bool told(const char* mistake);
/// Tells a mistake, the first time: the line "plumb: [operation] what".
void tell(const char* mistake, const std::string& operation, const std::string& what);

inline bool observed() { return observers.load(std::memory_order_relaxed) != 0; }
}  // namespace detail

/// Whether they are on.
inline bool checks() { return detail::checks_on.load(std::memory_order_relaxed); }

}  // namespace plumb
