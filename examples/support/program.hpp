// What main() of every example does with errors.
#pragma once

#include <signal.h>

#include <cstdio>
#include <exception>
#include <plumb/core/runtime/stop_request.hpp>

/// Runs f and returns the exit code: f's own, or 1 after an exception, whose message goes to
/// stderr, and where standard output could not be written (a full disk, ulimit -f); after
/// plumb::Interrupted what a shell expects.
template <class F>
int run_program(const char* name, F&& f) {
  ::signal(SIGXFSZ, SIG_IGN);  // so that writing fails, and says what
  int code = 1;
  try {
    code = f();
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
    std::perror(name);
    return 1;
  } catch (const plumb::Interrupted& interrupted) {
    code = interrupted.exit_code();
    std::fprintf(stderr, "%s: %s\n", name, interrupted.what());
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s: %s\n", name, error.what());
  }
  return code;
}
