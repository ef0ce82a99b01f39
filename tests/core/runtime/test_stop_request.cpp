#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <plumb/core/runtime/stop_request.hpp>

#include "../../support/errors.hpp"

using namespace plumb;

TEST_CASE("StopRequest: notes the first signal and says how to exit") {
  for (const int number : {SIGINT, SIGTERM}) {
    StopRequest stop;
    CHECK_FALSE(stop.requested());
    CHECK(stop.exit_code() == 0);
    ::raise(number);
    CHECK(stop.requested());
    CHECK(stop.signal() == number);
    CHECK(stop.exit_code() == (number == SIGINT ? 130 : 143));
  }
  CHECK_FALSE(StopRequest().requested());
}

TEST_CASE("StopRequest: a second signal of either kind ends the process at once, but for an echo") {
  for (const int second : {SIGINT, SIGTERM}) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::signal(SIGINT, SIG_DFL);
      ::signal(SIGTERM, SIG_DFL);
      StopRequest stop;
      ::raise(SIGINT);
      ::raise(second);
      if (stop.signal() != SIGINT) ::_exit(2);
      ::usleep(300'000);
      ::raise(second);
      ::_exit(1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == second);
  }
}

TEST_CASE("StopRequest: an ignored signal stays ignored, handlers come back") {
  struct sigaction former, after;
  ::sigaction(SIGTERM, nullptr, &former);
  const auto interrupt = ::signal(SIGINT, SIG_IGN);
  {
    StopRequest stop;
    ::raise(SIGINT);
    CHECK_FALSE(stop.requested());
    CHECK(test::error_of([] { StopRequest second; }) ==
          "[StopRequest] there is one already in this process");
  }
  CHECK((::signal(SIGINT, interrupt) == SIG_IGN));
  ::sigaction(SIGTERM, nullptr, &after);
  CHECK((after.sa_handler == former.sa_handler));
}
