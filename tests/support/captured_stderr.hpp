// What is written to stderr.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <string>

namespace plumb::test {

/// What f() writes to stderr, which shows nothing meanwhile.
template <class F>
std::string stderr_of(F&& f) {
  struct Redirection {
    Redirection() { ::dup2(::fileno(file), STDERR_FILENO); }
    ~Redirection() {
      std::fflush(stderr);
      ::dup2(before, STDERR_FILENO);
      ::close(before);
      std::fclose(file);
    }
    std::FILE* file = std::tmpfile();
    int before = (std::fflush(stderr), ::dup(STDERR_FILENO));
  } redirection;
  f();
  std::fflush(stderr);
  std::string written;
  std::rewind(redirection.file);
  for (int c; (c = std::fgetc(redirection.file)) != EOF;) written += static_cast<char>(c);
  return written;
}

}  // namespace plumb::test
