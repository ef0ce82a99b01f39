#include "atomic_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "../../runtime/internal/fail.hpp"

namespace plumb::detail {
namespace {

constexpr const char* mark = ".tmp-";

// The disk works while the rest is still being written: 400 MB take 0.14 s instead of 0.21 s.
constexpr std::uint64_t writeback_bytes = std::uint64_t{8} << 20;

// The path with links resolved, so that what they point to is replaced and not the link.
std::string resolved(const Origin& origin) {
  struct stat status;
  if (::stat(origin.path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return origin.path;
    origin.refuse(std::strerror(errno));
  }
  if (S_ISDIR(status.st_mode)) origin.refuse(std::strerror(EISDIR));
  if (!S_ISREG(status.st_mode)) origin.refuse("exists and is no regular file");
  const std::unique_ptr<char, void (*)(void*)> path(::realpath(origin.path.c_str(), nullptr),
                                                    std::free);
  if (path == nullptr) origin.refuse(std::strerror(errno));
  return path.get();
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Removes a number of the form that open_temporary() writes from the end of a name, and what stands
// before it; false where they are not there.
bool remove_number(std::string& name, const std::string& before) {
  const std::size_t last = name.find_last_not_of("0123456789");
  if (last == std::string::npos || last + 1 == name.size()) return false;
  const bool leading_zero = name[last + 1] == '0' && last + 2 < name.size();
  if (leading_zero || last + 1 < before.size()) return false;
  const std::size_t end = last + 1 - before.size();
  if (name.compare(end, before.size(), before) != 0) return false;
  name.resize(end);
  return true;
}

// NAME of the temporary "NAME.tmp-PID-N"; "" of anything else.
std::string target_of(std::string name) {
  return remove_number(name, "-") && remove_number(name, mark) ? name : "";
}

// While it lives a write beyond the process's limit (ulimit -f) fails, and no SIGXFSZ ends the
// process. The signal goes to the thread that writes, so no other thread is concerned.
class FileLimitAsError {
 public:
  FileLimitAsError() {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &signal_, &before_);
  }
  ~FileLimitAsError() {
    if (sigismember(&before_, SIGXFSZ) == 1) return;
    const int error = errno;
    const struct timespec at_once = {};
    while (::sigtimedwait(&signal_, nullptr, &at_once) < 0 && errno == EINTR) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
  }
  FileLimitAsError(const FileLimitAsError&) = delete;
  FileLimitAsError& operator=(const FileLimitAsError&) = delete;

 private:
  sigset_t signal_, before_;
};

// Why files of a folder that can be made cannot be renamed or removed; null where they can.
// `target` is the file that is to be replaced.
const char* obstacle(const std::string& folder, const std::string& target) {
#ifdef STATX_ATTR_APPEND
  struct statx attributes;
  if (::statx(AT_FDCWD, folder.c_str(), 0, STATX_BASIC_STATS, &attributes) == 0 &&
      (attributes.stx_attributes & (STATX_ATTR_APPEND | STATX_ATTR_IMMUTABLE)) != 0)
    return "its folder is append-only or immutable";
#endif
  struct stat in, of;
  if (::stat(folder.c_str(), &in) == 0 && ::stat(target.c_str(), &of) == 0 &&
      (in.st_mode & S_ISVTX) != 0 && ::geteuid() != 0 && in.st_uid != ::geteuid() &&
      of.st_uid != ::geteuid())
    return "it is another user's, in a folder where only the owner may replace it";
  return nullptr;
}

int sync(int descriptor) {
  int result;
  do {
    result = ::fsync(descriptor);
  } while (result != 0 && errno == EINTR);
  return result;
}

}  // namespace

AtomicFile::AtomicFile(Origin origin) : origin_(std::move(origin)), target_(resolved(origin_)) {
  open_temporary();
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  if (descriptor_ >= 0) ::close(descriptor_);
}

void AtomicFile::rehearse(const Origin& origin) {
  const std::string target = resolved(origin);
  if (const char* why = obstacle(folder_of(target), target)) origin.refuse("cannot rename: ", why);
  AtomicFile first(origin), second(origin);
  first.write("", 1, 0);
  if (::rename(first.temporary_.c_str(), second.temporary_.c_str()) != 0)
    first.refuse("cannot rename");
  first.temporary_.clear();
  second.remove_temporary();
}

void AtomicFile::remove_temporary() {
  if (::unlink(temporary_.c_str()) != 0) refuse("cannot remove");
  temporary_.clear();
}

void AtomicFile::refuse(const char* what) const {
  const int error = errno;
  origin_.refuse(what, ": ", std::strerror(error));
}

void AtomicFile::open_temporary() {
  for (int number = 0; descriptor_ < 0; ++number) {
    const std::string name = text(target_, mark, static_cast<int>(::getpid()), "-", number);
    descriptor_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ >= 0)
      temporary_ = name;
    else if (errno != EEXIST)
      refuse("cannot create a file beside it");
  }
  ::flock(descriptor_, LOCK_EX | LOCK_NB);  // where locks are not to be had, age has to do
}

void AtomicFile::write(const void* bytes, std::size_t count, std::uint64_t at) {
  const FileLimitAsError limit;
  const auto* from = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t done =
        ::pwrite(descriptor_, from, std::min(count, std::size_t{1} << 30), static_cast<off_t>(at));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) refuse("cannot write");
    from += done;
    at += static_cast<std::uint64_t>(done);
    count -= static_cast<std::size_t>(done);
  }
  start_writeback(at);
}

void AtomicFile::start_writeback(std::uint64_t end) {
  if (end < handed_over_ + writeback_bytes) return;
  // A hint: what goes wrong comes to light in commit().
  ::sync_file_range(descriptor_, static_cast<off_t>(handed_over_),
                    static_cast<off_t>(end - handed_over_), SYNC_FILE_RANGE_WRITE);
  handed_over_ = end;
}

void AtomicFile::commit() {
  if (sync(descriptor_) != 0) refuse("cannot write to the disk");
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) refuse("cannot rename");
  temporary_.clear();
  const int closed = ::close(std::exchange(descriptor_, -1));
  if (closed != 0 && errno != EINTR) refuse("cannot close");

  const int folder = ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) refuse("cannot open its folder");
  const int synced = sync(folder);
  const int error = errno;
  ::close(folder);
  errno = error;
  if (synced != 0 && errno != EINVAL)  // EINVAL: a file system that has no such thing
    refuse("cannot write the folder to the disk");
}

void remove_abandoned_temporaries(const std::string& folder,
                                  bool (*is_target)(const std::string& name)) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string path = entry.path().string();
    const std::string target = target_of(entry.path().filename().string());
    if (target.empty() || !is_target(target)) continue;
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (descriptor < 0) continue;
    struct stat status;
    const bool old = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
                     status.st_mtime < std::time(nullptr) - 60;
    if (old && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
    ::close(descriptor);
  }
}

}  // namespace plumb::detail
