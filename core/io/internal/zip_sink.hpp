// What libzip writes an archive to: an AtomicFile.
#pragma once

#include <zip.h>

#include <cstdint>
#include <exception>

#include "atomic_file.hpp"

namespace plumb::detail {

// Takes the bytes of one new archive. libzip is C: what the file throws is kept until it can be
// thrown on.
class ZipSink {
 public:
  explicit ZipSink(AtomicFile& file) : file_(file) { zip_error_init(&error_); }
  ~ZipSink() { zip_error_fini(&error_); }
  ZipSink(const ZipSink&) = delete;
  ZipSink& operator=(const ZipSink&) = delete;

  // What zip_open_from_source takes. The sink must outlive it.
  zip_source_t* source(zip_error_t* error);
  // Throws what the file has thrown, if it has.
  void rethrow() const;

 private:
  static zip_int64_t answer(void* sink, void* data, zip_uint64_t length, zip_source_cmd_t command);
  zip_int64_t write(const void* bytes, zip_uint64_t count);
  zip_int64_t seek(void* arguments, zip_uint64_t length);

  AtomicFile& file_;
  zip_error_t error_;
  std::exception_ptr thrown_;
  std::uint64_t position_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace plumb::detail
