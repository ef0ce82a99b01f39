#include "byte_source.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "../../core/io/internal/input_file.hpp"

namespace plumb::data::detail {
namespace {

using plumb::detail::InputFile;

// A file with a buffer.
class BufferedFile {
 public:
  BufferedFile(const std::string& operation, const std::string& path)
      : file_({operation, path}, InputFile::Accepts::pipes_too), buffer_(std::size_t{1} << 16) {}

  // -1 for what is not a regular file.
  std::int64_t size() const {
    return file_.regular() ? static_cast<std::int64_t>(file_.size()) : -1;
  }

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
      const std::size_t got = file_.read_some(buffer_.data() + end_, buffer_.size() - end_);
      if (got == 0) return;
      end_ += got;
    }
  }

  // Up to `count` bytes past the buffer, which must be consumed; 0 only at the file's end.
  std::size_t read_some(void* to, std::size_t count) { return file_.read_some(to, count); }

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    file_.origin().refuse(parts...);
  }

 private:
  InputFile file_;
  std::vector<std::uint8_t> buffer_;
  std::size_t begin_ = 0, end_ = 0;
};
using FilePointer = std::unique_ptr<BufferedFile>;

bool starts_gzip(BufferedFile& file) {
  file.ensure(2);
  return file.available() >= 2 && file.buffered()[0] == 0x1f && file.buffered()[1] == 0x8b;
}

class PlainSource : public ByteSource {
 public:
  explicit PlainSource(FilePointer file) : file_(std::move(file)) {}

  std::int64_t read(void* to, std::int64_t count) override {
    auto* out = static_cast<std::uint8_t*>(to);
    std::size_t left = static_cast<std::size_t>(count);
    const std::size_t ready = std::min(file_->available(), left);
    std::memcpy(out, file_->buffered(), ready);
    file_->consume(ready);
    for (left -= ready, out += ready; left > 0;) {
      const std::size_t got = file_->read_some(out, left);
      if (got == 0) break;
      left -= got;
      out += got;
    }
    return count - static_cast<std::int64_t>(left);
  }
  bool compressed() const override { return false; }
  std::int64_t stored_bytes() const override { return file_->size(); }

 private:
  FilePointer file_;
};

class GzipSource : public ByteSource {
 public:
  explicit GzipSource(FilePointer file) : file_(std::move(file)) {
    constexpr int gzip_only = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, gzip_only) != Z_OK) file_->refuse("zlib cannot start");
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
  std::int64_t stored_bytes() const override { return file_->size(); }

 private:
  // Whether there is something to inflate; between two members, looks for the next.
  bool begin_member() {
    if (inside_) return true;
    if (starts_gzip(*file_)) {
      inflateReset(&stream_);
      return inside_ = true;
    }
    if (file_->available() > 0) file_->refuse("garbage after the end of the gzip data");
    return false;
  }

  uInt inflate_some(std::uint8_t* to, uInt count) {
    file_->ensure(1);
    if (file_->available() == 0) file_->refuse("the gzip data is truncated");
    const uInt offered = static_cast<uInt>(file_->available());
    stream_.next_in = file_->buffered();
    stream_.avail_in = offered;
    stream_.next_out = to;
    stream_.avail_out = count;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    file_->consume(offered - stream_.avail_in);
    if (status == Z_STREAM_END) {
      inside_ = false;
    } else if (status != Z_OK) {
      file_->refuse("the gzip data is corrupt: ",
                    stream_.msg != nullptr ? stream_.msg : zError(status));
    }
    return count - stream_.avail_out;
  }

  FilePointer file_;
  z_stream stream_{};
  bool inside_ = false;  // of a member
};

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const std::string& operation, const std::string& path) {
  auto file = std::make_unique<BufferedFile>(operation, path);
  if (starts_gzip(*file)) return std::make_unique<GzipSource>(std::move(file));
  return std::make_unique<PlainSource>(std::move(file));
}

}  // namespace plumb::data::detail
