#include "byte_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "../../core/runtime/error.hpp"

namespace plumb::data::detail {
namespace {

// A file descriptor with a buffer.
class File {
 public:
  File(std::string operation, std::string path)
      : operation_(std::move(operation)), path_(std::move(path)), buffer_(std::size_t{1} << 16) {
    descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0) refuse(std::strerror(errno));
    struct stat status;
    if (::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode)) size_ = status.st_size;
  }
  File(File&& other) noexcept
      : operation_(std::move(other.operation_)),
        path_(std::move(other.path_)),
        buffer_(std::move(other.buffer_)),
        descriptor_(std::exchange(other.descriptor_, -1)),
        size_(other.size_),
        begin_(other.begin_),
        end_(other.end_) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  // -1 for what is not a regular file.
  std::int64_t size() const { return size_; }

  // What has been read but not consumed.
  std::uint8_t* buffered() { return buffer_.data() + begin_; }
  std::size_t available() const { return end_ - begin_; }
  void consume(std::size_t count) { begin_ += count; }

  // Reads until at least `count` bytes, a few, are available or the file ends.
  void ensure(std::size_t count) {
    if (available() >= count) return;
    std::memmove(buffer_.data(), buffered(), available());
    end_ -= std::exchange(begin_, 0);
    while (available() < count) {
      const std::size_t got = read_once(buffer_.data() + end_, buffer_.size() - end_);
      if (got == 0) return;
      end_ += got;
    }
  }

  // Up to `count` bytes straight from the file; 0 only at its end.
  std::size_t read_once(void* to, std::size_t count) {
    for (;;) {
      const ssize_t got = ::read(descriptor_, to, count);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) refuse(std::strerror(errno));
    }
  }

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(operation_, path_, ": ", parts...);
  }

 private:
  std::string operation_, path_;
  std::vector<std::uint8_t> buffer_;
  int descriptor_ = -1;
  std::int64_t size_ = -1;
  std::size_t begin_ = 0, end_ = 0;
};

bool starts_gzip(File& file) {
  file.ensure(2);
  return file.available() >= 2 && file.buffered()[0] == 0x1f && file.buffered()[1] == 0x8b;
}

class PlainSource : public ByteSource {
 public:
  explicit PlainSource(File file) : file_(std::move(file)) {}

  std::int64_t read(void* to, std::int64_t count) override {
    auto* out = static_cast<std::uint8_t*>(to);
    std::size_t left = static_cast<std::size_t>(count);
    const std::size_t ready = std::min(file_.available(), left);
    std::memcpy(out, file_.buffered(), ready);
    file_.consume(ready);
    for (left -= ready, out += ready; left > 0;) {
      const std::size_t got = file_.read_once(out, left);
      if (got == 0) break;
      left -= got;
      out += got;
    }
    return count - static_cast<std::int64_t>(left);
  }
  bool compressed() const override { return false; }
  std::int64_t stored_bytes() const override { return file_.size(); }

 private:
  File file_;
};

class GzipSource : public ByteSource {
 public:
  explicit GzipSource(File file) : file_(std::move(file)) {
    constexpr int gzip_only = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, gzip_only) != Z_OK) file_.refuse("zlib cannot start");
  }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;
  ~GzipSource() override { inflateEnd(&stream_); }

  std::int64_t read(void* to, std::int64_t count) override {
    std::int64_t done = 0;
    while (done < count && begin_member()) {
      const std::int64_t wanted = std::min(count - done, std::int64_t{1} << 30);
      done += inflate_some(static_cast<std::uint8_t*>(to) + done, static_cast<uInt>(wanted));
    }
    return done;
  }
  bool compressed() const override { return true; }
  std::int64_t stored_bytes() const override { return file_.size(); }

 private:
  // Whether there is something to inflate; between two members, looks for the next.
  bool begin_member() {
    if (inside_) return true;
    if (starts_gzip(file_)) {
      inflateReset(&stream_);
      return inside_ = true;
    }
    if (file_.available() > 0) file_.refuse("garbage after the end of the gzip data");
    return false;
  }

  uInt inflate_some(std::uint8_t* to, uInt count) {
    file_.ensure(1);
    if (file_.available() == 0) file_.refuse("the gzip data is truncated");
    const uInt offered = static_cast<uInt>(file_.available());
    stream_.next_in = file_.buffered();
    stream_.avail_in = offered;
    stream_.next_out = to;
    stream_.avail_out = count;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    file_.consume(offered - stream_.avail_in);
    if (status == Z_STREAM_END) {
      inside_ = false;
    } else if (status != Z_OK) {
      file_.refuse("the gzip data is corrupt: ",
                   stream_.msg != nullptr ? stream_.msg : zError(status));
    }
    return count - stream_.avail_out;
  }

  File file_;
  z_stream stream_{};
  bool inside_ = false;  // of a member
};

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const std::string& operation, const std::string& path) {
  File file(operation, path);
  if (starts_gzip(file)) return std::make_unique<GzipSource>(std::move(file));
  return std::make_unique<PlainSource>(std::move(file));
}

}  // namespace plumb::data::detail
