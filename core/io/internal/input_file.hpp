// A file that is read from front to back, or anywhere.
#pragma once

#include <cstddef>
#include <cstdint>

#include "origin.hpp"

namespace plumb::detail {

class InputFile {
 public:
  // Of a regular file the size is known before anything is allocated; of a pipe it is not.
  enum class Accepts : std::uint8_t { regular, pipes_too };

  // Throws where the file cannot be opened or is not of an accepted kind.
  explicit InputFile(Origin origin, Accepts accepts = Accepts::regular);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const Origin& origin() const { return origin_; }
  bool regular() const { return regular_; }
  // Bytes of a regular file when it was opened; otherwise 0.
  std::uint64_t size() const { return size_; }
  std::uint64_t left() const { return size_ - position_; }

  // Reads the next `count` bytes of a regular file; throws where there are fewer.
  void read(void* to, std::uint64_t count);
  // Reads up to `count` bytes, and returns how many: 0 only at the end. Where a StopRequest notes a
  // signal, the reading of a pipe ends with Interrupted.
  std::size_t read_some(void* to, std::size_t count);

  // Bytes [at, at + count) of a regular file, wherever read() is; by several threads at once. Throws
  // where the file holds fewer, also where it was shortened after it was opened.
  void read_at(void* to, std::uint64_t count, std::uint64_t at) const;
  // Bytes [at, at + count) will be read soon: the system may begin to fetch them.
  void will_read(std::uint64_t count, std::uint64_t at) const noexcept;

 private:
  void wait() const;

  Origin origin_;
  int descriptor_ = -1;
  bool regular_ = false;
  std::uint64_t size_ = 0;
  std::uint64_t position_ = 0;
};

}  // namespace plumb::detail
