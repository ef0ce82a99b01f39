#include "input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace plumb::detail {

InputFile::InputFile(Origin origin) : origin_(std::move(origin)) {
  // Without O_NONBLOCK a pipe would be waited for before it can be refused.
  descriptor_ = ::open(origin_.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) origin_.refuse(std::strerror(errno));
  struct stat status;
  const bool known = ::fstat(descriptor_, &status) == 0;
  if (known && S_ISREG(status.st_mode)) {
    size_ = static_cast<std::uint64_t>(status.st_size);
    return;
  }
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
    const std::size_t wanted = std::min(count, std::uint64_t{1} << 30);
    const ssize_t got = ::read(descriptor_, out, wanted);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) origin_.refuse(std::strerror(errno));
    if (got == 0) origin_.refuse("the file was shortened while it was read");
    out += got;
    position_ += static_cast<std::uint64_t>(got);
    count -= static_cast<std::uint64_t>(got);
  }
}

}  // namespace plumb::detail
