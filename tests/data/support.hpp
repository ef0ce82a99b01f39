// What the data tests share: temporary files, gzip.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../support/errors.hpp"

namespace plumb::test {

inline bool contains(const std::string& whole, const std::string& part) {
  return whole.find(part) != std::string::npos;
}

// A folder of its own that goes away with its content.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  // Writes a file and returns its path.
  std::string write(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

// The content as one gzip member.
std::string gzip(const std::string& content);

// An IDX file: 0 0 type rank, sizes, elements.
std::string idx(int type, const std::vector<std::uint32_t>& sizes, const std::string& elements);

// The folder of the real data sets, "" where there is none.
std::string real_data(const std::string& name);

}  // namespace plumb::test
