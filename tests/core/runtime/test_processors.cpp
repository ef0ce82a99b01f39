#include <doctest/doctest.h>

#include <filesystem>
#include <plumb/core/runtime/internal/processors.hpp>

#include "../../support/temporary_folder.hpp"

using plumb::detail::processor_quota;

namespace {

// A tree of files as Linux shows them.
class System {
 public:
  explicit System(const std::string& groups) { put("proc/self/cgroup", groups); }

  void put(const std::string& path, const std::string& content) {
    std::filesystem::create_directories(
        std::filesystem::path(folder_.path() + "/" + path).parent_path());
    folder_.write(path, content);
  }
  std::optional<int> quota() const { return processor_quota(folder_.path()); }

 private:
  plumb::test::TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("processor_quota: version 2, rounded up, the smallest of the group and all above") {
  System system("0::/user.slice/job\n");
  CHECK(system.quota() == std::nullopt);
  system.put("sys/fs/cgroup/user.slice/job/cpu.max", "max 100000\n");
  CHECK(system.quota() == std::nullopt);
  system.put("sys/fs/cgroup/user.slice/job/cpu.max", "400000 100000\n");
  CHECK(system.quota() == 4);
  system.put("sys/fs/cgroup/user.slice/cpu.max", "250000 100000\n");
  CHECK(system.quota() == 3);
  system.put("sys/fs/cgroup/user.slice/cpu.max", "max 100000\n");
  CHECK(system.quota() == 4);
  system.put("sys/fs/cgroup/user.slice/job/cpu.max", "1000 100000\n");
  CHECK(system.quota() == 1);
  system.put("sys/fs/cgroup/user.slice/other/cpu.max", "100 100000\n");
  system.put("sys/fs/cgroup/user.slice/job/cpu.max", "200001 100000\n");
  CHECK(system.quota() == 3);
}

TEST_CASE("processor_quota: version 2 in a container, whose group is the top") {
  for (const char* groups : {"0::/\n", "0::/system.slice/docker-1f.scope\n", "0::/../other\n"}) {
    System system(groups);
    system.put("sys/fs/cgroup/cpu.max", "150000 100000\n");
    CHECK(system.quota() == 2);
  }
}

TEST_CASE("processor_quota: version 1, by either name of its folder") {
  for (const char* folder : {"cpu,cpuacct", "cpu"}) {
    System system("9:cpuset:/\n4:cpu,cpuacct:/docker/1f\n0::/\n");
    const std::string group = std::string("sys/fs/cgroup/") + folder + "/docker/1f/";
    system.put(group + "cpu.cfs_quota_us", "-1\n");
    system.put(group + "cpu.cfs_period_us", "100000\n");
    CHECK(system.quota() == std::nullopt);
    system.put(group + "cpu.cfs_quota_us", "250000\n");
    CHECK(system.quota() == 3);
    system.put(group + "cpu.cfs_period_us", "50000\n");
    CHECK(system.quota() == 5);
  }
}

TEST_CASE("processor_quota: without control groups, and of files that say nothing") {
  CHECK(processor_quota("/nonexistent") == std::nullopt);
  for (const char* groups : {"", "\n", ":\n", "0:\n", "0::\n", "0::x\n", "3:cpuset:/\n"}) {
    System system(groups);
    system.put("sys/fs/cgroup/cpuset/cpu.cfs_quota_us", "100000");
    system.put("sys/fs/cgroup/cpuset/cpu.cfs_period_us", "100000");
    CHECK(system.quota() == std::nullopt);
  }
  for (const char* content :
       {"", "100000", "0 100000", "100000 0", "-1 100000", "1e300 1", "x y"}) {
    System system("0::/\n");
    system.put("sys/fs/cgroup/cpu.max", content);
    CHECK(system.quota() == std::nullopt);
  }
}
