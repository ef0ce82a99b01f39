#include <doctest/doctest.h>

#include <cmath>
#include <plumb/examples/studies/comparison/summary.hpp>

#include "small_task.hpp"

namespace plumb::test {
namespace {

using namespace comparison;

// A run that ends, after ten steps, with this validation metric.
RunResult run_to(double metric) {
  RunResult result;
  result.points.resize(2);
  result.points[0].validation = {100, 100};
  result.points[1].step = 10;
  result.points[1].validation = {metric, metric};
  result.test = {metric, metric};
  return result;
}

Summary summary_of(const Values& metrics) {
  Plan plan;
  plan.optimizers = {OptimizerSpec::parse("sgd:lr=0.1")};
  Study study;
  study.configuration.lr = 0.1;
  for (const double metric : metrics) study.runs.push_back(run_to(metric));
  Results results;
  results.outcomes.resize(1);
  results.outcomes[0].studies = {study};
  return summarize(small_task("linear", 10), plan, results, {});
}

}  // namespace

TEST_CASE("summary: more than half of the baseline's runs reach the target that they set") {
  const Summary even = summary_of({4, 1, 3, 2});
  CHECK(even.target == 3);
  CHECK(even.rows[0].hits == 0.75);
  CHECK(even.rows[0].steps == 10);  // infinite for the lower of the two in the middle
  CHECK(summary_of({2, 1}).target == 2);
  const Summary odd = summary_of({5, 1, 4, 2, 3});
  CHECK(odd.target == 3);
  CHECK(odd.rows[0].hits == 0.6);
  CHECK(odd.rows[0].steps == 10);
}

}  // namespace plumb::test
