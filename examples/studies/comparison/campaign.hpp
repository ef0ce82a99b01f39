// All runs of a comparison: tuned, evaluated, side by side, each kept on disk as soon as it ends.
#pragma once

#include <cstdint>
#include <plumb/core/runtime/stop_request.hpp>
#include <string>
#include <vector>

#include "run.hpp"

namespace comparison {

struct Plan {
  std::vector<OptimizerSpec> optimizers;
  Training training;
  std::int64_t trials = 12;       ///< Learning rates that each optimizer tries.
  std::int64_t tuning_seeds = 1;  ///< Runs of each trial; theirs are no evaluation seeds.
  std::int64_t seeds = 10;        ///< Evaluation runs of each optimizer.
  std::int64_t first_seed = 0;
};

/// The learning rates that an optimizer tries, ascending: one log-uniform draw from each of
/// `trials` equal parts of its range, rounded to three digits. Draws are the same for every
/// optimizer. One where it is fixed.
std::vector<double> trial_lrs(const OptimizerSpec& optimizer, const Plan& plan);

struct Trial {
  double lr = 0;
  double metric = 0, loss = 0;  ///< On validation, means over the tuning seeds.
  std::int64_t diverged = 0;    ///< Runs that did.
};

/// What came of one optimizer.
struct Outcome {
  std::vector<Trial> trials;    ///< Empty where the learning rate was fixed.
  double lr = 0;                ///< Of the least metric; then of the least loss, and the smallest.
  bool at_edge = false;         ///< It is the first or the last trial: the range may be too narrow.
  std::vector<RunResult> runs;  ///< One for each evaluation seed.
};

struct FinishedRun {
  RunKey key;
  RunResult result;
};

struct Results {
  std::vector<Outcome> outcomes;  ///< In the order of the optimizers.
  std::vector<FinishedRun> runs;  ///< All, in the order of the plan, whatever order they ended in.
};

/// Runs what is not yet in `folder`, as many runs at once as plumb::num_threads() says, each on one
/// thread: models this small gain little from several, runs side by side gain all. Shows how far it
/// is on a terminal. Throws Stopped after a signal, and plumb::Error where runs of one seed did not
/// begin with the same loss for every optimizer.
Results run_plan(const Task& task, const Plan& plan, const std::string& folder,
                 const plumb::StopRequest& stop);

}  // namespace comparison
