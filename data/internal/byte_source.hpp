// The bytes of a file, unzipped where it is gzip: what the file readers read from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace plumb::data::detail {

// A file that is read from front to back. Errors are "[operation] path: what is wrong".
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Reads up to `count` bytes; fewer only at the end, which for gzip has then been verified: the
  // checksum and length of every member, and that nothing but members follows.
  virtual std::int64_t read(void* to, std::int64_t count) = 0;

  // Whether the file is gzip.
  virtual bool compressed() const = 0;

  // Bytes of the file as it is stored; -1 where that is unknown (a pipe).
  virtual std::int64_t stored_bytes() const = 0;
};

// Opens a file or a pipe; whether it is gzip is told by its first two bytes, not by its name. A
// file of several gzip members one after the other reads as their contents joined, as with gunzip.
// Where a StopRequest notes a signal, the reading of a pipe ends with Interrupted.
std::unique_ptr<ByteSource> open_bytes(const std::string& operation, const std::string& path);

}  // namespace plumb::data::detail
