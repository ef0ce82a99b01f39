// Files for the length of a test.
#pragma once

#include <string>
#include <vector>

namespace plumb::test {

/// A folder of its own that goes away with its content.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  /// The names of its files, sorted.
  std::vector<std::string> names() const;
  /// Writes a file and returns its path.
  std::string write(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

/// The bytes of a file.
std::string read_file(const std::string& path);

}  // namespace plumb::test
