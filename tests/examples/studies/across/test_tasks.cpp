#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <plumb/examples/studies/across/tasks.hpp>

#include "../../../support/errors.hpp"
#include "../../../support/temporary_folder.hpp"

namespace plumb::test {
namespace {

using namespace across;

constexpr double never = std::numeric_limits<double>::infinity();

// Two optimizers on three tasks.
Tasks three_tasks() {
  Tasks tasks;
  tasks.baseline = "a";
  tasks.optimizers = {"a", "b"};
  tasks.all = {{"one", "mlp", {{4, 100, 50, 0.5, "baseline"}, {5, 50, 100, 2, "worse"}}},
               {"two", "genes", {{0, 30, 15, 0.5, "baseline"}, {0, 30, 60, 2, "undecided"}}},
               {"three", "text", {{2, 10, 5, 0.5, "baseline"}, {1, never, never, 2, "better"}}}};
  return tasks;
}

void write(const std::string& path, const std::string& content) { std::ofstream(path) << content; }

// What compare_optimizers writes, as far as it is read.
std::string comparison_folder(const TemporaryFolder& folder, const char* name, const char* other) {
  const std::string path = folder.path() + "/" + name;
  std::filesystem::create_directory(path);
  write(path + "/manifest.ini", std::string("# plumb\nformat=2\ntask=\"") + name + "\"\n");
  write(path + "/summary.csv",
        std::string("optimizer,mean,steps_to_target,verdict\n\"sgd:momentum=0.9,debias=1\",4,inf,"
                    "baseline\n\"") +
            other + "\",3,20,better\n");
  write(path + "/times.csv",
        std::string("optimizer,step,seconds\n\"sgd:momentum=0.9,debias=1\",0,0\n"
                    "\"sgd:momentum=0.9,debias=1\",10,0.5\n\"") +
            other + "\",0,0\n\"" + other + "\",10,1\n\"" + other + "\",0,0\n\"" + other +
            "\",10,2\n");
  return path;
}

}  // namespace

TEST_CASE("across tasks: ratios to the best, misses and zeros") {
  const Tasks tasks = three_tasks();
  CHECK(metric_ratio(tasks.all[0], 0) == 1);
  CHECK(metric_ratio(tasks.all[0], 1) == 1.25);
  CHECK(metric_ratio(tasks.all[1], 1) == 1);
  CHECK(metric_ratio(tasks.all[2], 0) == 2);
  CHECK(steps_ratio(tasks.all[0], 0) == 2);
  CHECK(steps_ratio(tasks.all[2], 1) == never);
}

TEST_CASE("across tasks: who costs more a step is charged for it") {
  const Tasks tasks = three_tasks();
  CHECK(time_ratio(tasks.all[0], 0) == 1);
  CHECK(time_ratio(tasks.all[0], 1) == 2);
  CHECK(time_ratio(tasks.all[1], 1) == 4);
  CHECK(time_ratio(tasks.all[2], 1) == never);
  CHECK(share_within(tasks, 1, 2, time_ratio) == doctest::Approx(1 / 3.0));
  CHECK(profile_score(tasks, 0, time_ratio) == 1);
  CHECK(profile_score(tasks, 1, time_ratio) == doctest::Approx(2 / 9.0));
}

TEST_CASE("across tasks: the performance profile and its mean by hand") {
  const Tasks tasks = three_tasks();
  CHECK(share_within(tasks, 0, 1) == doctest::Approx(2 / 3.0));
  CHECK(share_within(tasks, 0, 2) == 1);
  CHECK(share_within(tasks, 1, 100) == doctest::Approx(2 / 3.0));  // one is never reached
  CHECK(profile_score(tasks, 0) == doctest::Approx((2 / 3.0 + 1 + 1) / 3));
  CHECK(profile_score(tasks, 1) == doctest::Approx(2 / 3.0));
  double sum = 0;  // the same as the area below share_within
  for (int i = 0; i < 3000; ++i) sum += share_within(tasks, 0, 1 + (i + 0.5) / 1000);
  CHECK(profile_score(tasks, 0) == doctest::Approx(sum / 3000));
}

TEST_CASE("across tasks: reads what comparisons wrote, and what does not fit together") {
  const TemporaryFolder folder;
  const std::string one = comparison_folder(folder, "one", "adam");
  const std::string two = comparison_folder(folder, "two", "adam");
  const Tasks tasks = read_tasks({one, two});
  CHECK(tasks.baseline == "sgd:momentum=0.9,debias=1");
  REQUIRE(tasks.all.size() == 2);
  CHECK(tasks.all[1].name == "two");
  CHECK(tasks.all[0].cells[0].steps == never);
  CHECK(tasks.all[0].cells[0].step_seconds == doctest::Approx(0.05));
  CHECK(tasks.all[0].cells[1].step_seconds == doctest::Approx(0.15));
  CHECK(tasks.all[0].cells[1].verdict == "better");
  // This table has neither seconds to the target nor bytes.
  CHECK(tasks.all[0].cells[0].seconds == never);
  CHECK(tasks.all[0].cells[1].seconds == doctest::Approx(20 * 0.15));
  CHECK(std::isnan(tasks.all[0].cells[1].bytes));
  write(two + "/summary.csv",
        "optimizer,mean,steps_to_target,state_bytes,verdict,seconds_to_target\n"
        "\"sgd:momentum=0.9,debias=1\",4,20,4872,baseline,1.25\n\"adam\",4,20,9744,worse,3.5\n");
  const Tasks counted = read_tasks({two});
  CHECK(counted.all[0].cells[0].seconds == 1.25);
  CHECK(counted.all[0].cells[1].bytes == 9744);
  CHECK(contains(to_text(counted), "9.74 kB"));
  CHECK(contains(to_text(tasks), "undecided against sgd:momentum=0.9,debias=1"));
  const std::string other = comparison_folder(folder, "other", "lion");
  CHECK(contains(error_of([&] { read_tasks({one, other}); }), "compares other optimizers"));
  CHECK(contains(error_of([&] { read_tasks({folder.path()}); }), "summary.csv"));
}

}  // namespace plumb::test
