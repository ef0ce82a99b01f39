#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/examples/studies/batch_study/figures.hpp>

namespace plumb::test {
namespace {

using namespace batch_study;
using comparison::Point;
using comparison::RunResult;
using comparison::Verdict;

constexpr double never = std::numeric_limits<double>::infinity();

// Ten steps of 4 samples in 2 s, validation 50 before and `reached` after five and ten of them.
RunResult run(double test, double reached) {
  RunResult result;
  for (const std::int64_t step : {0, 5, 10}) {
    Point point;
    point.step = step;
    point.samples = 4 * step;
    point.seconds = static_cast<double>(step) / 5;
    point.validation.metric = step == 0 ? 50 : reached;
    result.points.push_back(point);
  }
  result.test.metric = test;
  return result;
}

// Cells of batch sizes 64 and 256 at equal epochs, whose eight runs have the test errors 20 + i
// plus what `off` says of the scaling, where the batch size is not the base.
std::vector<Cell> cells_with(const double (&off)[3]) {
  std::vector<Cell> cells;
  for (std::size_t scaling = 0; scaling < 3; ++scaling)
    for (const std::int64_t batch_size : {64, 256}) {
      Cell cell{Length::epochs, scaling, 0.1, {}, {}, true};
      cell.training.batch_size = batch_size;
      for (int i = 0; i < 8; ++i)
        cell.runs.push_back(run(20 + i + (batch_size == 64 ? 0 : off[scaling] + 0.01 * i), 10));
      cells.push_back(cell);
    }
  return cells;
}

}  // namespace

TEST_CASE("batch study: figures of a cell by hand") {
  Cell cell{Length::steps, 0, 0.1, {}, {}, true};
  cell.runs = {run(10, 4), run(12, 8), run(14, 30)};
  cell.runs.push_back(run(90, 1));
  cell.runs.back().diverged = true;
  const Figures f = figures_of(cell, 8);
  CHECK(f.error == 31.5);
  CHECK(f.interval.low == 0);  // Student's would go below
  CHECK(f.hits == 0.5);        // the last one diverged
  CHECK(f.steps.median == never);
  CHECK(f.steps.interval.low == 5);
  CHECK(f.seconds.interval.low == 1);
  CHECK(f.diverged == 1);
  cell.runs.pop_back();
  CHECK(figures_of(cell, 8).steps.median == 5);
}

TEST_CASE("batch study: a rate is that of the runs that did not diverge, under any scaling") {
  std::vector<Cell> cells = cells_with({0, 0, 0});
  for (std::size_t scaling : {0, 2})  // batch size 256: cells 1, 3 and 5
    for (RunResult& each : cells[2 * scaling + 1].runs) each.diverged = true;
  CHECK(rate_of(cells, Length::epochs, 256).median == 0.02);  // 40 samples in 2 s, in thousands
  for (RunResult& each : cells[3].runs) each.diverged = true;
  CHECK(std::isnan(rate_of(cells, Length::epochs, 256).median));
  CHECK(rate_of(cells, Length::epochs, 64).median == 0.02);
}

TEST_CASE("batch study: sizes are judged against the base, scalings against the square root") {
  const std::vector<Cell> cells = cells_with({-1, 0, 2});
  const std::vector<Difference> differences = compare_cells(cells, {});
  REQUIRE(differences.size() == 5);
  Settings settings;
  settings.batch_sizes = {64, 256};
  CHECK(comparisons_of(settings) == 2 * differences.size());  // of both lengths
  for (std::size_t scaling = 0; scaling < 3; ++scaling) {
    CHECK(differences[scaling].cell == &cells[2 * scaling + 1]);
    CHECK(differences[scaling].other == &cells[2 * scaling]);
  }
  CHECK(differences[0].mean == doctest::Approx(-1 + 0.035));
  CHECK(differences[3].cell == &cells[1]);
  CHECK(differences[3].other == &cells[3]);
  CHECK(differences[3].mean == doctest::Approx(-1));
  CHECK(differences[3].adjusted_p == 5 * 2.0 / 256);  // all eight signs alike, five comparisons
  CHECK(differences[3].verdict == Verdict::undecided);
  CHECK(differences[4].mean == doctest::Approx(2));
  for (const Difference& d : compare_cells({cells[1], cells[3]}, {}))
    CHECK(d.verdict == Verdict::better);  // p is 2 / 256, of one comparison
}

}  // namespace plumb::test
