#include "processors.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

namespace plumb::detail {
namespace {

using Quota = std::optional<int>;

Quota smaller(Quota a, Quota b) { return a && b ? std::min(*a, *b) : a ? a : b; }

// Without a quota the first number is "max" (version 2) or -1 (version 1).
Quota quota_of(double quota, double period) {
  if (!(quota > 0 && period > 0)) return std::nullopt;
  const double processors = std::ceil(quota / period);
  return processors < std::numeric_limits<int>::max() ? Quota(static_cast<int>(processors))
                                                      : std::nullopt;
}

Quota read_version_2(const std::string& group) {
  std::ifstream file(group + "/cpu.max");
  double quota = 0, period = 0;
  return file >> quota >> period ? quota_of(quota, period) : std::nullopt;
}

Quota read_version_1(const std::string& group) {
  std::ifstream quota_file(group + "/cpu.cfs_quota_us"), period_file(group + "/cpu.cfs_period_us");
  double quota = 0, period = 0;
  return quota_file >> quota && period_file >> period ? quota_of(quota, period) : std::nullopt;
}

// The smallest quota of the group `path` below `mount` and of all above. In a container the path may
// be that of the machine outside; then only the container's own, at the top, is found.
template <class Read>
Quota smallest(const std::string& mount, std::string path, Read read) {
  Quota found = read(mount);
  for (; path.size() > 1; path.resize(path.rfind('/'))) found = smaller(found, read(mount + path));
  return found;
}

bool lists_cpu(const std::string& controllers) {
  return ("," + controllers + ",").find(",cpu,") != std::string::npos;
}

}  // namespace

std::optional<int> processor_quota(const std::string& root) {
  const std::string mounts = root + "/sys/fs/cgroup";
  std::ifstream groups(root + "/proc/self/cgroup");
  Quota found;
  // "0::/path" for version 2, "4:cpu,cpuacct:/path" for version 1.
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos || line.compare(second + 1, 1, "/") != 0) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty())
      found = smaller(found, smallest(mounts, path, read_version_2));
    else if (lists_cpu(controllers))
      for (const std::string& mount : {mounts + "/" + controllers, mounts + "/cpu"})
        found = smaller(found, smallest(mount, path, read_version_1));
  }
  return found;
}

}  // namespace plumb::detail
