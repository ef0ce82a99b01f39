#include "input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace plumb::detail {

InputFile::InputFile(Origin origin, Accepts accepts) : origin_(std::move(origin)) {
  // Without O_NONBLOCK a pipe would be waited for before it can be refused.
  const int waiting = accepts == Accepts::any ? 0 : O_NONBLOCK;
  descriptor_ = ::open(origin_.path.c_str(), O_RDONLY | O_CLOEXEC | waiting);
  if (descriptor_ < 0) origin_.refuse(std::strerror(errno));
  struct stat status;
  const bool known = ::fstat(descriptor_, &status) == 0;
  regular_ = known && S_ISREG(status.st_mode);
  if (regular_) size_ = static_cast<std::uint64_t>(status.st_size);
  if (regular_ || accepts == Accepts::any) return;
  const char* problem = !known                    ? std::strerror(errno)
                        : S_ISDIR(status.st_mode) ? std::strerror(EISDIR)
                                                  : "is no regular file";
  ::close(descriptor_);
  origin_.refuse(problem);
}

InputFile::~InputFile() { ::close(descriptor_); }

void InputFile::read(void* to, std::uint64_t count) {
  if (count > left()) origin_.refuse("expected ", count, " bytes more, the file holds ", left());
  auto* out = static_cast<char*>(to);
  while (count > 0) {
    const std::size_t got = read_some(out, count);
    if (got == 0) origin_.refuse("the file was shortened while it was read");
    out += got;
    count -= got;
  }
}

std::size_t InputFile::read_some(void* to, std::size_t count) {
  for (;;) {
    const ssize_t got = ::read(descriptor_, to, std::min(count, std::size_t{1} << 30));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) origin_.refuse(std::strerror(errno));
    position_ += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }
}

}  // namespace plumb::detail
