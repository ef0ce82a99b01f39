// A file that is there whole and durable, or not at all: how everything that plumb saves is
// written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "origin.hpp"

namespace plumb::detail {

// Writes to a temporary in the target's folder, "NAME.tmp-PID-N", which commit() renames. Until
// then a file of that name stays as it is, and whatever ends the program, an exception or a kill,
// leaves it so. Two that write to one path at once do not meet; the later commit wins.
class AtomicFile {
 public:
  // Follows links. Throws where the target exists and is no regular file, and where the folder is
  // missing or may not be written.
  explicit AtomicFile(Origin origin);
  // Removes the temporary unless commit() has renamed it.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const Origin& origin() const { return origin_; }

  // Throws where saving to this path would fail: makes a temporary, writes to it, renames it to
  // another and removes that. What is at the path stays.
  static void rehearse(const Origin& origin);

  // Writes all bytes, from the offset `at` on. Throws with the path and errno's text, also for a
  // file beyond the process's limit (ulimit -f), whose signal would end the process.
  void write(const void* bytes, std::size_t count, std::uint64_t at);

  // Brings the bytes to the disk, renames, and brings the name to the disk. Throws as write does;
  // where only what follows the renaming failed, the new file is in place.
  void commit();

 private:
  void open_temporary();
  void remove_temporary();
  void start_writeback(std::uint64_t end);
  [[noreturn]] void refuse(const char* what) const;

  Origin origin_;
  std::string target_, temporary_;
  int descriptor_ = -1;
  std::uint64_t handed_over_ = 0;  // bytes that the disk was told to begin with
};

// Removes the temporaries that killed programs left in a folder, of targets whose names is_target
// takes. Those that are being written hold a lock, and are younger than a minute before they do.
void remove_abandoned_temporaries(const std::string& folder,
                                  bool (*is_target)(const std::string& name));

}  // namespace plumb::detail
