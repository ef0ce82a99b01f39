// A regular file that is read from front to back: its size is known before anything is allocated.
#pragma once

#include <cstdint>

#include "origin.hpp"

namespace plumb::detail {

class InputFile {
 public:
  // Throws where the file cannot be opened or is not a regular one.
  explicit InputFile(Origin origin);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const Origin& origin() const { return origin_; }
  // Bytes of the whole file when it was opened.
  std::uint64_t size() const { return size_; }
  std::uint64_t left() const { return size_ - position_; }

  // Reads the next `count` bytes; throws where there are fewer.
  void read(void* to, std::uint64_t count);

 private:
  Origin origin_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::uint64_t position_ = 0;
};

}  // namespace plumb::detail
