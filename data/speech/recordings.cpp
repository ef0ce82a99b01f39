#include "recordings.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>

#include "../../core/io/internal/origin.hpp"
#include "../../core/runtime/internal/fail.hpp"

namespace plumb::data {
namespace {

namespace fs = std::filesystem;
using plumb::detail::Origin;

constexpr const char* operation = "list_recordings";

// What a path consists of: a text that stands there, then a field, whose name is empty for "{}". The
// last part has a text alone.
struct Part {
  std::string text;
  std::optional<std::string> field;
};

std::vector<Part> parse(const std::string& pattern) {
  std::vector<Part> parts(1);
  std::set<std::string> seen;
  for (std::size_t at = 0; at < pattern.size();) {
    if (pattern[at] != '{') {
      parts.back().text += pattern[at++];
      continue;
    }
    const std::size_t end = pattern.find('}', at);
    if (end == std::string::npos) fail(operation, "pattern '", pattern, "': '{' is not closed");
    const std::string field = pattern.substr(at + 1, end - at - 1);
    if (field != "label" && field != "speaker" && field != "index" && !field.empty())
      fail(operation, "pattern '", pattern, "': expected {label}, {speaker}, {index} or {}, got {",
           field, "}");
    if (!field.empty() && !seen.insert(field).second)
      fail(operation, "pattern '", pattern, "' has {", field, "} twice");
    if (parts.size() > 1 && parts.back().text.empty())
      fail(operation, "pattern '", pattern, "' has two fields side by side");
    parts.back().field = field;
    parts.emplace_back();
    at = end + 1;
  }
  if (seen.count("label") == 0) fail(operation, "pattern '", pattern, "' has no {label}");
  return parts;
}

bool is_number(std::string_view text) {
  constexpr std::size_t longest = 18;  // below 2^63
  return !text.empty() && text.size() <= longest &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

void set_field(Recording& recording, const std::string& field, std::string_view value) {
  if (field == "label") recording.label = value;
  if (field == "speaker") recording.speaker = value;
  if (field == "index") recording.index = std::stoll(std::string(value));
}

// Whether `path` is as parts[first], ... say; if so the recording has the fields. A field takes as
// little as it can.
bool match(std::string_view path, const std::vector<Part>& parts, std::size_t first,
           Recording& recording) {
  const Part& part = parts[first];
  if (path.substr(0, part.text.size()) != part.text) return false;
  path.remove_prefix(part.text.size());
  if (!part.field) return path.empty();
  for (std::size_t size = 1; size <= path.size() && path[size - 1] != '/'; ++size) {
    const std::string_view value = path.substr(0, size);
    if (*part.field == "index" && !is_number(value)) continue;
    if (!match(path.substr(size), parts, first + 1, recording)) continue;
    set_field(recording, *part.field, value);
    return true;
  }
  return false;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// The paths of the files in `folder` and below, from there on.
std::vector<std::string> files_below(const Origin& origin) {
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator it(origin.path, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    std::error_code gone;  // a dangling link, say, is no file
    if (it->is_regular_file(gone))
      files.push_back(it->path().lexically_relative(origin.path).generic_string());
  }
  if (error) origin.refuse(error.message());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::vector<Recording> list_recordings(const std::string& folder, const std::string& pattern) {
  const std::vector<Part> parts = parse(pattern);
  const Origin origin{operation, folder};
  std::vector<Recording> recordings;
  for (const std::string& file : files_below(origin)) {
    if (!ends_with(file, parts.back().text)) continue;
    Recording recording;
    recording.path = (fs::path(folder) / file).string();
    if (!match(file, parts, 0, recording))
      origin.refuse("'", file, "' is not as the pattern '", pattern, "' says");
    recordings.push_back(recording);
  }
  if (recordings.empty()) origin.refuse("there are no files '", pattern, "'");
  return recordings;
}

}  // namespace plumb::data
