// A library for LD_PRELOAD that makes one system call on files go wrong. PLUMB_FAULT is
// "CALL:N:KIND": the N-th call of open (of files to be made), write, fsync, rename or any of them
//   ENOSPC, EIO, EACCES, EDQUOT   fails so, and so does every later one of its name
//   EINTR                         fails so, once
//   short                         writes one byte, and so does every later one
//   kill                          ends the process before it
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

struct Fault {
  std::string call, kind;
  long number = 0;

  static const Fault& get() {
    static const Fault fault = [] {
      Fault f;
      const char* set = std::getenv("PLUMB_FAULT");
      const std::string text = set != nullptr ? set : "";
      const std::size_t first = text.find(':'), second = text.find(':', first + 1);
      if (second == std::string::npos) return f;
      f.call = text.substr(0, first);
      f.number = std::atol(text.c_str() + first + 1);
      f.kind = text.substr(second + 1);
      return f;
    }();
    return fault;
  }
};

int error_of(const std::string& kind) {
  if (kind == "ENOSPC") return ENOSPC;
  if (kind == "EIO") return EIO;
  if (kind == "EACCES") return EACCES;
  if (kind == "EDQUOT") return EDQUOT;
  return kind == "EINTR" ? EINTR : 0;
}

// What becomes of a call: nothing, an error (errno is set), or a short write.
enum class Fate { as_usual, error, one_byte };

Fate fate_of(const char* call) {
  static long count = 0;
  const Fault& fault = Fault::get();
  if (fault.call != call && fault.call != "any") return Fate::as_usual;
  ++count;
  const bool once = fault.kind == "EINTR";
  if (count < fault.number || (once && count > fault.number)) return Fate::as_usual;
  if (fault.kind == "kill") ::kill(::getpid(), SIGKILL);
  if (fault.kind == "short") return Fate::one_byte;
  errno = error_of(fault.kind);
  return Fate::error;
}

template <class F>
F* next(const char* name, F*) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

ssize_t write_at(int descriptor, const void* bytes, size_t count, off_t at) {
  static const auto real = next("pwrite", ::pwrite);
  const Fate fate = fate_of("write");
  if (fate == Fate::error) return -1;
  return real(descriptor, bytes, fate == Fate::one_byte ? 1 : count, at);
}

int open_file(const char* name, int flags, mode_t mode) {
  static const auto real = next("open", static_cast<int (*)(const char*, int, mode_t)>(nullptr));
  if ((flags & O_CREAT) != 0 && fate_of("open") == Fate::error) return -1;
  return real(name, flags, mode);
}

mode_t mode_of(int flags, va_list list) {
  return (flags & O_CREAT) != 0 ? static_cast<mode_t>(va_arg(list, int)) : 0;
}

}  // namespace

extern "C" {

int open(const char* name, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = mode_of(flags, list);
  va_end(list);
  return open_file(name, flags, mode);
}

int open64(const char* name, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = mode_of(flags, list);
  va_end(list);
  return open_file(name, flags, mode);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t count, off_t at) {
  return write_at(descriptor, bytes, count, at);
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t count, off64_t at) {
  return write_at(descriptor, bytes, count, at);
}

int fsync(int descriptor) {
  static const auto real = next("fsync", ::fsync);
  return fate_of("fsync") == Fate::error ? -1 : real(descriptor);
}

int rename(const char* from, const char* to) noexcept {
  static const auto real = next("rename", static_cast<int (*)(const char*, const char*)>(nullptr));
  return fate_of("rename") == Fate::error ? -1 : real(from, to);
}
}
