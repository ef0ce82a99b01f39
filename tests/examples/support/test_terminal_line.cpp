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

TEST_CASE("terminal line: fits into a narrow terminal") {
  const std::vector<std::string> facts = {"ETA 0:10", "loss 0.1234", "17/313", "43210 samples/s"};
  CHECK(line_within(200, "epoch 1/3", 0, {}) == "epoch 1/3 " + progress_bar(0, 30));
  for (int columns = 0; columns < 120; ++columns) {
    CAPTURE(columns);
    const std::string line = line_within(columns, "epoch 1/3", 0.5, facts);
    CHECK(line.size() <= static_cast<std::size_t>(columns));
    if (columns >= 30) CHECK(line.find("ETA 0:10") != std::string::npos);
  }
  CHECK(line_within(49, "epoch 1/3", 0.5, facts) ==
        "epoch 1/3 [==>   ]  ETA 0:10  loss 0.1234  17/313");
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
