#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/examples/studies/batch_study/noise.hpp>

namespace plumb::test {
namespace {

using namespace batch_study;

Settings small_settings() {
  Settings settings;
  settings.task.name = "two-moons";
  settings.task.samples = 200;
  settings.base = 20;
  settings.epochs = 3;
  settings.seeds = 3;
  return settings;
}

}  // namespace

TEST_CASE("batch study: the noise scale along a run") {
  const Settings settings = small_settings();
  const comparison::Task task = comparison::make_task(settings.task);
  const StopRequest stop;
  PlanProgress progress(settings.seeds, 1);
  const std::vector<NoisePoint> points = measure_noise_along(settings, task, progress, stop);
  REQUIRE(points.size() == 5);  // 30 steps
  for (std::size_t i = 0; i < 5; ++i)
    CHECK(points[i].step == std::vector<std::int64_t>{0, 4, 8, 16, 30}[i]);
  for (const NoisePoint& point : points)
    for (const double noise : point.noise) CHECK(noise > 0);
}

TEST_CASE("batch study: the interval of a noise scale") {
  // Residuals of the ratio 3: 1, -1 and 0 over the mean gradient 2, t = 4.302653, n = 3.
  const NoisePoint point{0, {1, 2, 3}, {4, 5, 9}};
  CHECK(point.scale().samples() == 3);
  const double half = 4.302652730 * 0.5 / std::sqrt(3.0);
  CHECK(point.interval().low == doctest::Approx(3 - half).epsilon(1e-8));
  CHECK(point.interval().high == doctest::Approx(3 + half).epsilon(1e-8));
  const NoisePoint lost{0, {1, -2}, {4, 5}};
  CHECK(lost.interval().high == std::numeric_limits<double>::infinity());
}

}  // namespace plumb::test
