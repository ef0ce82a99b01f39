#include "checkpoint_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include "../runtime/internal/fail.hpp"
#include "internal/atomic_file.hpp"
#include "safetensors.hpp"

namespace plumb {
namespace {

namespace fs = std::filesystem;

constexpr const char* operation = "CheckpointFolder";
constexpr const char* prefix = "step-";
constexpr const char* suffix = ".safetensors";
constexpr const char* best_name = "best.safetensors";
constexpr std::size_t digits = 12;
constexpr std::int64_t steps = 1'000'000'000'000;

std::string file_name(std::int64_t step) {
  const std::string number = text(step);
  return prefix + std::string(digits - number.size(), '0') + number + suffix;
}

bool is_checkpoint(const std::string& name) {
  const std::string shape = file_name(0);
  if (name.size() != shape.size()) return false;
  const std::size_t begin = std::string(prefix).size();
  const std::string number = name.substr(begin, digits);
  return number.find_first_not_of("0123456789") == std::string::npos &&
         std::string(name).replace(begin, digits, digits, '0') == shape;
}

// Whether a checkpoint that was refused can be read, and another run's settings are the reason.
bool is_whole(const std::string& path) {
  try {
    return load_safetensors(path).verified;
  } catch (const Error&) {
    return false;
  }
}

bool is_ours(const std::string& name) { return is_checkpoint(name) || name == best_name; }

}  // namespace

CheckpointFolder::CheckpointFolder(std::string path, std::int64_t keep)
    : path_(std::move(path)), keep_(keep) {
  if (keep < 1) fail(operation, "keep must be at least 1, got ", keep);
  if (path_.empty()) fail(operation, "the path is empty");
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) fail(operation, path_, ": ", error.message());
  detail::remove_abandoned_temporaries(path_, is_ours);
  for (const std::string& file : files())
    if (!fs::is_regular_file(file, error)) fail(operation, file, ": is no regular file");
  detail::AtomicFile::rehearse({operation, path_ + "/" + file_name(0)});
  detail::AtomicFile::rehearse({operation, best()});
}

void CheckpointFolder::save(const Checkpoint& checkpoint, std::int64_t step) const {
  if (step < 0 || step >= steps) fail(operation, "step must be in [0, 10^12), got ", step);
  const std::string path = path_ + "/" + file_name(step);
  checkpoint.save(path);
  std::int64_t kept = 0;
  for (const std::string& file : files()) {
    if (file > path || ++kept <= keep_) continue;
    std::error_code error;
    fs::remove(file, error);
    if (error) fail(operation, file, ": cannot remove: ", error.message());
  }
}

std::vector<std::string> CheckpointFolder::files() const {
  std::vector<std::string> all;
  std::error_code error;
  for (fs::directory_iterator it(path_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (is_checkpoint(name)) all.push_back(path_ + "/" + name);
  }
  if (error) fail(operation, path_, ": ", error.message());
  std::sort(all.begin(), all.end(), std::greater<>());
  return all;
}

std::string CheckpointFolder::best() const { return path_ + "/" + best_name; }

std::string CheckpointFolder::load_newest(Checkpoint& checkpoint) const {
  const std::vector<std::string> all = files();
  if (all.empty()) return "";
  try {
    checkpoint.load(all[0]);
  } catch (const Error& error) {
    if (all.size() == 1 || is_whole(all[0])) throw;
    throw Error(text(error.what(), "\nthe checkpoint before it is ", all[1]));
  }
  return all[0];
}

}  // namespace plumb
