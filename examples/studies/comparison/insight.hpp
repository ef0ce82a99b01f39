// What happens inside a run: how far a step goes and where, how noisy gradients are, how sharp the loss.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "run.hpp"

namespace comparison {

/// At one step of a run. Noise and sharpness are of the model in evaluation mode, so that looking changes
/// nothing.
struct Insight {
  std::int64_t step = 0;
  double gradient = 0;  ///< Norm of the batch's gradient.
  double update = 0;    ///< Norm of what the step changed.
  double cosine = 0;    ///< Of the update with the one before.
  double noise = 0;     ///< Gradient noise scale in samples (noise_scale.hpp); infinite where lost.
  double sharpness = 0;  ///< Largest eigenvalue of the Hessian, in magnitude.
};

/// The largest eigenvalue of the Hessian of the mean loss of 256 samples, in magnitude, by eight power
/// iterations with Hessian-vector products: by second derivatives, and where an operation has none by
/// differences of gradients. Draws samples and the first direction by the seed.
double measure_sharpness(const Task& task, plumb::nn::Layer& model, std::uint64_t seed);

/// The run of the key once more, looked into at about so many steps, evenly. Throws Stopped where `go_on`
/// says no.
std::vector<Insight> look_inside(const Task& task, const OptimizerSpec& optimizer,
                                 const RunKey& key, const Training& training, std::int64_t points,
                                 const std::function<bool()>& go_on);

/// About proportional to the time of that, as work_of says it of a run.
double work_of_looking(const Task& task, const Training& training, std::int64_t points);

std::string insights_csv(const std::vector<Insight>& insights);
/// The same again. Throws plumb::Error where the text is none of insights_csv.
std::vector<Insight> insights_from(const std::string& csv);

}  // namespace comparison
