#include "files.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <plumb/core/runtime/error.hpp>
#include <sstream>
#include <system_error>

namespace {

[[noreturn]] void refuse(const char* operation, const std::string& path) {
  plumb::fail(operation, path, ": ", std::strerror(errno));
}

}  // namespace

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) plumb::fail("make_folder", path, ": ", error.message());
  if (access(path.c_str(), W_OK | X_OK) != 0) refuse("make_folder", path);
}

void write_file(const std::string& path, const std::string& content) {
  const std::string temporary = plumb::text(path, ".tmp-", static_cast<std::int64_t>(getpid()));
  errno = 0;
  std::ofstream file(temporary, std::ios::binary);
  file << content;
  file.close();
  if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    std::remove(temporary.c_str());
    errno = reason;
    refuse("write_file", path);
  }
}

std::string read_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (!file || !(content << file.rdbuf())) refuse("read_file", path);
  return content.str();
}
