#include "files.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <plumb/core/io/internal/atomic_file.hpp>
#include <plumb/core/io/internal/input_file.hpp>
#include <plumb/core/runtime/error.hpp>
#include <system_error>

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) plumb::errors::fail("make_folder", path, ": ", error.message());
  if (access(path.c_str(), W_OK | X_OK) != 0)
    plumb::errors::fail("make_folder", path, ": ", std::strerror(errno));
}

void write_file(const std::string& path, const std::string& content) {
  plumb::detail::AtomicFile file({"write_file", path});
  file.write(content.data(), content.size(), 0);
  file.commit();
}

void require_writable(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string folder =
      (parent.empty() ? "." : parent.string()) + "/.";  // refused where it is a file
  std::error_code none;
  if (std::filesystem::is_directory(path, none))
    plumb::errors::fail("require_writable", path, ": ", std::strerror(EISDIR));
  if (access(folder.c_str(), W_OK | X_OK) != 0)
    plumb::errors::fail("require_writable", path, ": ", std::strerror(errno));
}

std::string read_file(const std::string& path) {
  plumb::detail::InputFile file({"read_file", path});
  std::string content(file.size(), '\0');
  file.read(content.data(), content.size());
  return content;
}
