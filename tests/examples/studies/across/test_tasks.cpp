#include <doctest/doctest.h>

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
  tasks.all = {{"one", "mlp", {{4, 100, 0, "baseline"}, {5, 50, 0, "worse"}}},
               {"two", "genes", {{0, 30, 0, "baseline"}, {0, 30, 0, "undecided"}}},
               {"three", "text", {{2, 10, 0, "baseline"}, {1, never, 0, "better"}}}};
  return tasks;
}

void write(const std::string& path, const std::string& content) {
  std::ofstream(path) << content;
}

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
  CHECK(tasks.all[0].cells[0].seconds == doctest::Approx(0.05));
  CHECK(tasks.all[0].cells[1].seconds == doctest::Approx(0.15));
  CHECK(tasks.all[0].cells[1].verdict == "better");
  CHECK(contains(to_text(tasks), "undecided against sgd:momentum=0.9,debias=1"));
  const std::string other = comparison_folder(folder, "other", "lion");
  CHECK(contains(error_of([&] { read_tasks({one, other}); }), "compares other optimizers"));
  CHECK(contains(error_of([&] { read_tasks({folder.path()}); }), "summary.csv"));
}

}  // namespace plumb::test
