#include "document.hpp"

#include <fstream>
#include <plumb/core/runtime/error.hpp>
#include <set>
#include <vector>

namespace plumb::test {
namespace {

// The lines of a file without the space around them.
std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path[0] == '/' ? path : std::string(PLUMB_SOURCE_DIR) + "/" + path);
  if (!file) errors::fail("lines_of", "cannot read ", path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    const std::size_t begin = line.find_first_not_of(' ');
    lines.push_back(begin == std::string::npos ? "" : line.substr(begin));
  }
  return lines;
}

}  // namespace

std::string code_missing_from(const std::string& document,
                              std::initializer_list<std::string> sources) {
  std::set<std::string> compiled = {"", "..."};
  for (const std::string& source : sources)
    for (const std::string& line : lines_of(source)) compiled.insert(line);
  std::string missing = "no code";
  bool code = false, first = false;
  for (const std::string& line : lines_of(document)) {
    if (line.rfind("```", 0) == 0) {
      code = first = line == "```cpp";
      continue;
    }
    if (first && line.rfind("#include", 0) == 0) code = false;
    first = false;
    if (!code) continue;
    if (missing == "no code") missing.clear();
    if (compiled.count(line) == 0) missing += line + "\n";
  }
  return missing;
}

}  // namespace plumb::test
