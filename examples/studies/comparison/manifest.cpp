#include "manifest.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <plumb/core.hpp>
#include <sstream>
#include <vector>

#include "../../support/files.hpp"
#include "../../support/format.hpp"

namespace comparison {
namespace {

using namespace plumb;

// Lines that may differ between two parts of one comparison.
const char* const about_machine = "# on ";

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

// Lines that say why the numbers are no evidence. Folders that were made before there were any lack them.
bool is_caveat(const std::string& line) {
  return line == "made-small=true" || line == "anyway=true";
}

std::vector<std::string> lines_that_count(const std::string& content) {
  std::istringstream from(content);
  std::vector<std::string> lines;
  for (std::string line; std::getline(from, line);)
    if (line.rfind(about_machine, 0) != 0 && !line.empty()) lines.push_back(line);
  // They may have been added in any order.
  const auto caveats = std::stable_partition(
      lines.begin(), lines.end(), [](const std::string& line) { return !is_caveat(line); });
  std::sort(caveats, lines.end());
  return lines;
}

}  // namespace

std::string manifest(const std::string& settings, std::uint64_t data_hash) {
  const std::string hash = format("%016llx", static_cast<unsigned long long>(data_hash));
  return errors::text("# plumb ", version(), "\n# data ", hash, "\n", about_machine, processor(),
                      ", ", num_threads(), " threads\n", about_machine,
                      "compiler " PLUMB_COMPILER "\n", settings);
}

void claim_folder(const std::string& folder, const std::string& manifest) {
  const std::string path = folder + "/manifest.ini";
  if (!std::filesystem::exists(path)) return write_file(path, manifest);
  const std::vector<std::string> there = lines_that_count(read_file(path));
  std::vector<std::string> wanted = lines_that_count(manifest);
  std::string unsaid;
  const auto left_out = [&](const std::string& line) {
    if (!is_caveat(line) || std::count(there.begin(), there.end(), line) > 0) return false;
    unsaid += line + "\n";
    return true;
  };
  wanted.erase(std::remove_if(wanted.begin(), wanted.end(), left_out), wanted.end());
  for (std::size_t i = 0; i < std::max(there.size(), wanted.size()); ++i) {
    const std::string left = i < there.size() ? there[i] : "nothing";
    const std::string right = i < wanted.size() ? wanted[i] : "nothing";
    if (left != right)
      errors::fail("compare", folder, " holds another comparison: it has '", left, "', this is '",
                   right, "'; choose another --out");
  }
  if (!unsaid.empty()) write_file(path, read_file(path) + unsaid);
}

}  // namespace comparison
