// What the profile tells traces.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "../profile.hpp"

namespace plumb::detail {

inline std::atomic<int> traces_alive{0};
inline bool tracing() { return traces_alive.load(std::memory_order_relaxed) != 0; }

/// "forward", "backward" or "step".
const char* name_of(Phase phase);

/// An operation of the calling thread has ended. The name stays where it is for ever.
void trace(const std::string& operation, Phase phase, std::chrono::steady_clock::time_point start,
           std::chrono::nanoseconds taken) noexcept;

}  // namespace plumb::detail
