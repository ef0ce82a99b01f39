#include "input_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "../../runtime/internal/fail.hpp"
#include "../../runtime/stop_request.hpp"

namespace plumb::detail {

InputFile::InputFile(Origin origin, Accepts accepts) : origin_(std::move(origin)) {
  // Without O_NONBLOCK a pipe would be waited for before it can be refused, and where no signal that
  // is noted ends the wait.
  descriptor_ = ::open(origin_.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) origin_.refuse(std::strerror(errno));
  struct stat status;
  const bool known = ::fstat(descriptor_, &status) == 0;
  regular_ = known && S_ISREG(status.st_mode);
  if (regular_) size_ = static_cast<std::uint64_t>(status.st_size);
  const bool pipes_too = accepts == Accepts::pipes_too;
  if (regular_ || (known && pipes_too && S_ISFIFO(status.st_mode))) return;
  const char* problem = !known                    ? std::strerror(errno)
                        : S_ISDIR(status.st_mode) ? std::strerror(EISDIR)
                        : pipes_too               ? "is neither a regular file nor a pipe"
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
    if (!regular_) wait();
    const ssize_t got = ::read(descriptor_, to, std::min(count, std::size_t{1} << 30));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) origin_.refuse(std::strerror(errno));
    position_ += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }
}

void InputFile::read_at(void* to, std::uint64_t count, std::uint64_t at) const {
  if (at > size_ || count > size_ - at)
    origin_.refuse("expected bytes [", at, ", ", at + count, "), the file holds ", size_);
  auto* out = static_cast<char*>(to);
  while (count > 0) {
    const ssize_t got =
        ::pread(descriptor_, out, std::min<std::uint64_t>(count, std::uint64_t{1} << 30),
                static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) origin_.refuse(std::strerror(errno));
    if (got == 0) origin_.refuse("the file was shortened while it was read");
    out += got;
    at += static_cast<std::uint64_t>(got);
    count -= static_cast<std::uint64_t>(got);
  }
}

void InputFile::will_read(std::uint64_t count, std::uint64_t at) const noexcept {
  // A hint: whether it was taken is nobody's concern.
  ::posix_fadvise(descriptor_, static_cast<off_t>(at), static_cast<off_t>(count),
                  POSIX_FADV_WILLNEED);
}

// Until the pipe has data or has ended, and as long as no signal asks to stop.
void InputFile::wait() const {
  constexpr int milliseconds = 50;  // a signal may have come just before poll()
  struct pollfd pipe = {descriptor_, POLLIN, 0};
  for (;;) {
    if (const int signal = noted_signal(); signal != 0)
      throw Interrupted(
          text("[", origin_.operation, "] ", origin_.path, ": a signal ended the reading"),
          128 + signal);
    const int ready = ::poll(&pipe, 1, milliseconds);
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) origin_.refuse(std::strerror(errno));
  }
}

}  // namespace plumb::detail
