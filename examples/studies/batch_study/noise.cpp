#include "noise.hpp"

#include <algorithm>
#include <limits>
#include <plumb/core.hpp>

#include "../../support/format.hpp"

namespace batch_study {
namespace {

using namespace plumb;
using namespace comparison;

// Where the noise is to be measured; values of every seed are still to come.
std::vector<NoisePoint> empty_points(std::int64_t steps, std::int64_t seeds) {
  std::vector<NoisePoint> points;
  const Values all(static_cast<std::size_t>(seeds));
  for (std::int64_t step = 0; step < steps; step = std::max<std::int64_t>(4, 2 * step))
    points.push_back({step, all, all});
  points.push_back({steps, all, all});
  return points;
}

std::int64_t steps_of(const Settings& settings, const Task& task) {
  return settings.epochs * ((task.train->size() - 1) / settings.base + 1);
}

void run_seed(const Settings& settings, const Task& task, const StopRequest& stop,
              std::uint64_t seed, std::vector<NoisePoint>& points) {
  Generator random(seed, Stream::init);
  const auto model = task.make_model(random);
  const auto optimizer = OptimizerSpec::parse(settings.optimizer).make(*model, {settings.lr});
  data::LoaderOptions options;
  options.batch_size = settings.base;
  options.shuffle = true;
  options.seed = seed;
  data::DataLoader loader(task.train, options);
  NoiseOptions noise;
  noise.seed = seed;
  std::int64_t step = 0;
  auto next = points.begin();
  const auto measure = [&] {
    const NoiseScale scale = measure_noise(task, *model, noise);
    next->gradient[seed] = scale.gradient;
    next->noise[seed] = scale.noise;
    ++next;
  };
  measure();
  while (next != points.end())
    for (const data::Batch& batch : loader) {
      const Variable loss = task.loss((*model)(batch.x, batch.lengths), batch);
      optimizer->zero_grad();
      loss.backward();
      optimizer->step();
      if (stop.requested()) throw Stopped();
      if (++step == next->step) measure();
      if (next == points.end()) break;
    }
}

}  // namespace

NoiseScale NoisePoint::scale() const { return {mean(gradient), mean(noise)}; }

// R = mean n / mean g scatters about as the mean of (n - R g) / mean g does.
Interval NoisePoint::interval() const {
  const double ratio = scale().samples();
  if (!(scale().gradient > 0)) return {0, std::numeric_limits<double>::infinity()};
  Values off;
  for (std::size_t i = 0; i < noise.size(); ++i)
    off.push_back((noise[i] - ratio * gradient[i]) / scale().gradient);
  const Interval around = student_interval(off);
  return {ratio + around.low, ratio + around.high};
}

double noise_work(const Settings& settings, const Task& task) {
  const std::int64_t steps = steps_of(settings, task);
  const NoiseOptions noise;
  const auto points = static_cast<double>(empty_points(steps, 0).size());
  return static_cast<double>(steps) * static_cast<double>(settings.base + 10) +
         points * static_cast<double>(noise.parts * noise.repeats * (noise.small + 10));
}

std::vector<NoisePoint> measure_noise_along(const Settings& settings, const Task& task,
                                            PlanProgress& progress, const StopRequest& stop) {
  std::vector<NoisePoint> points = empty_points(steps_of(settings, task), settings.seeds);
  parallel_for(settings.seeds, 1, [&](std::int64_t seed, std::int64_t) {
    run_seed(settings, task, stop, static_cast<std::uint64_t>(seed), points);
    progress.finished(noise_work(settings, task), PlanProgress::Source::trained);
  });
  return points;
}

std::string noise_text(const std::vector<NoisePoint>& points, const Settings& settings) {
  std::string out = errors::text(
      "\ngradient noise scale at batch size ", settings.base,
      " (McCandlish et al. 2018)\n    step        |G|^2        noise  samples [95 %]\n");
  for (const NoisePoint& point : points) {
    const Interval interval = point.interval();
    out += format("%8lld %12.4g %12.4g  %.0f [%.0f, %.0f]\n", static_cast<long long>(point.step),
                  point.scale().gradient, point.scale().noise, point.scale().samples(),
                  interval.low, interval.high);
  }
  return out;
}

std::string noise_csv(const std::vector<NoisePoint>& points) {
  std::string out = "step,gradient,noise,noise_scale,low,high\n";
  for (const NoisePoint& point : points) {
    const Interval interval = point.interval();
    out += errors::text(point.step, ",", point.scale().gradient, ",", point.scale().noise, ",",
                        point.scale().samples(), ",", interval.low, ",", interval.high, "\n");
  }
  return out;
}

}  // namespace batch_study
