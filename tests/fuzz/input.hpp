// What the fuzz targets share: their input as a file, and what must hold of every error.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <plumb/core/runtime/error.hpp>
#include <string>

namespace plumb::fuzz {

/// Ends the program, for the fuzzer to see, where something that must hold does not.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// A path that reads as these bytes until the next call. Nothing is written to a disk.
inline std::string as_file(const std::uint8_t* bytes, std::size_t count) {
  static const int file = ::memfd_create("input", MFD_CLOEXEC);
  require(file >= 0 && ::ftruncate(file, 0) == 0);
  require(::pwrite(file, bytes, count, 0) == static_cast<ssize_t>(count));
  return "/proc/self/fd/" + std::to_string(file);
}

/// Runs f, which may throw an Error that begins with "[operation] ", and nothing else.
template <class F>
void refuse_or_load(const std::string& operation, F&& f) {
  try {
    f();
  } catch (const Error& error) {
    require(std::string(error.what()).rfind("[" + operation + "] ", 0) == 0);
  }
}

}  // namespace plumb::fuzz
