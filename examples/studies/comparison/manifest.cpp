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

std::vector<std::string> lines_that_count(const std::string& content) {
  std::istringstream from(content);
  std::vector<std::string> lines;
  for (std::string line; std::getline(from, line);)
    if (line.rfind(about_machine, 0) != 0 && !line.empty()) lines.push_back(line);
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
  const std::vector<std::string> wanted = lines_that_count(manifest);
  for (std::size_t i = 0; i < std::max(there.size(), wanted.size()); ++i) {
    const std::string left = i < there.size() ? there[i] : "nothing";
    const std::string right = i < wanted.size() ? wanted[i] : "nothing";
    if (left != right)
      errors::fail("compare", folder, " holds another comparison: it has '", left, "', this is '",
                   right, "'; choose another --out");
  }
}

}  // namespace comparison
