#include "zip_sink.hpp"

#include <algorithm>
#include <cerrno>

namespace plumb::detail {

zip_source_t* ZipSink::source(zip_error_t* error) {
  return zip_source_function_create(&ZipSink::answer, this, error);
}

void ZipSink::rethrow() const {
  if (thrown_) std::rethrow_exception(thrown_);
}

zip_int64_t ZipSink::write(const void* bytes, zip_uint64_t count) {
  try {
    file_.write(bytes, count, position_);
  } catch (...) {
    thrown_ = std::current_exception();
    zip_error_set(&error_, ZIP_ER_WRITE, EIO);
    return -1;
  }
  position_ += count;
  size_ = std::max(size_, position_);
  return static_cast<zip_int64_t>(count);
}

zip_int64_t ZipSink::seek(void* arguments, zip_uint64_t length) {
  const zip_int64_t to =
      zip_source_seek_compute_offset(position_, size_, arguments, length, &error_);
  if (to < 0) return -1;
  position_ = static_cast<std::uint64_t>(to);
  return 0;
}

zip_int64_t ZipSink::answer(void* sink, void* data, zip_uint64_t length, zip_source_cmd_t command) {
  auto& self = *static_cast<ZipSink*>(sink);
  switch (command) {
    case ZIP_SOURCE_SUPPORTS:
      return ZIP_SOURCE_SUPPORTS_WRITABLE;
    case ZIP_SOURCE_STAT:  // what is to be replaced: nothing
      zip_error_set(&self.error_, ZIP_ER_READ, ENOENT);
      return -1;
    case ZIP_SOURCE_ERROR:
      return zip_error_to_data(&self.error_, data, length);
    case ZIP_SOURCE_WRITE:
      return self.write(data, length);
    case ZIP_SOURCE_SEEK_WRITE:
      return self.seek(data, length);
    case ZIP_SOURCE_TELL_WRITE:
      return static_cast<zip_int64_t>(self.position_);
    case ZIP_SOURCE_BEGIN_WRITE:
    case ZIP_SOURCE_COMMIT_WRITE:
    case ZIP_SOURCE_ROLLBACK_WRITE:
    case ZIP_SOURCE_FREE:
      return 0;
    default:
      zip_error_set(&self.error_, ZIP_ER_OPNOTSUPP, 0);
      return -1;
  }
}

}  // namespace plumb::detail
