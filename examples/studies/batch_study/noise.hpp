// The gradient noise scale along runs at the base batch size.
#pragma once

#include "../comparison/noise_scale.hpp"
#include "../comparison/statistics.hpp"
#include "study.hpp"

namespace batch_study {

/// After so many steps, of every seed.
struct NoisePoint {
  std::int64_t step;
  comparison::Values gradient, noise;

  comparison::NoiseScale scale() const;  ///< Of the means over seeds.
  /// 95 % of its samples(), by the delta method; unbounded where the gradient is lost in the noise.
  comparison::Interval interval() const;
};

/// About proportional to the time that one seed takes, as comparison::work_of.
double noise_work(const Settings& settings, const comparison::Task& task);

/// Before the first step, after 4, 8, 16, ... and at the end of the epochs, with a run for each
/// seed. Throws comparison::Stopped after a signal.
std::vector<NoisePoint> measure_noise_along(const Settings& settings, const comparison::Task& task,
                                            PlanProgress& progress, const plumb::StopRequest& stop);

std::string noise_text(const std::vector<NoisePoint>& points, const Settings& settings);
std::string noise_csv(const std::vector<NoisePoint>& points);

}  // namespace batch_study
