// What main() of every example does with errors.
#pragma once

#include <cstdio>
#include <exception>

/// Runs f and returns the exit code: f's own, or 1 after an exception, whose message goes to
/// stderr, and where standard output could not be written (a full disk).
template <class F>
int run_program(const char* name, F&& f) {
  try {
    const int code = f();
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
    std::perror(name);
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s: %s\n", name, error.what());
  }
  return 1;
}
