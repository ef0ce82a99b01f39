#include <doctest/doctest.h>

#include <limits>
#include <plumb/examples/support/terminal_line.hpp>

TEST_CASE("terminal line: a bar is filled as far as the share says, and stays within its ends") {
  CHECK(progress_bar(0, 4) == "[>    ]");
  CHECK(progress_bar(0.5, 4) == "[==>  ]");
  CHECK(progress_bar(1, 4) == "[====>]");
  CHECK(progress_bar(-1, 4) == progress_bar(0, 4));
  CHECK(progress_bar(2, 4) == progress_bar(1, 4));
}

TEST_CASE("terminal line: the time left in minutes, from an hour on in hours too") {
  CHECK(time_left(0.9) == "ETA 0:00");
  CHECK(time_left(245) == "ETA 4:05");
  CHECK(time_left(3599) == "ETA 59:59");
  CHECK(time_left(3845) == "ETA 1:04:05");
  CHECK(time_left(100 * 3600) == "ETA 100:00:00");
  CHECK(time_left(-1) == "ETA 0:00");
  CHECK(time_left(std::numeric_limits<double>::infinity()) == time_left(3e9));
}
