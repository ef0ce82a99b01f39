// How much processor time the control groups of Linux leave this process.
#pragma once

#include <optional>
#include <string>

namespace plumb::detail {

/// The processors that a process may keep busy by the quota of its control group and of those above
/// it, rounded up: 2 for "150000 100000" in cpu.max. Nothing where there is no quota. Versions 1 and
/// 2, below their usual place /sys/fs/cgroup. `root` stands in front of all paths.
std::optional<int> processor_quota(const std::string& root = "");

}  // namespace plumb::detail
