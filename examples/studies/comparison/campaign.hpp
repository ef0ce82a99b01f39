// All runs of a comparison: tuned, evaluated, side by side, each kept on disk as soon as it ends.
#pragma once

#include <cstdint>
#include <plumb/core/runtime/stop_request.hpp>
#include <string>
#include <vector>

#include "insight.hpp"
#include "run.hpp"

namespace comparison {

struct Plan {
  std::vector<OptimizerSpec> optimizers;
  Training training;
  std::int64_t studies = 3;       ///< How often each optimizer is tuned anew.
  std::int64_t trials = 12;       ///< Configurations that each study tries.
  std::int64_t tuning_seeds = 1;  ///< Runs of each trial; theirs are no evaluation seeds.
  std::int64_t seeds = 10;        ///< Evaluation runs of what each study chose.
  std::int64_t first_seed = 0;
  std::int64_t looks = 8;  ///< Into one run of each optimizer (insight.hpp); 0: none.

  /// Studies of an optimizer: 1 where nothing is searched.
  std::int64_t studies_of(const OptimizerSpec& optimizer) const {
    return optimizer.searched() ? studies : 1;
  }
};

/// The configurations that a study tries: points that cover the optimizer's space evenly, other ones
/// in each study, from the same draws for every optimizer.
std::vector<Configuration> trial_configurations(const OptimizerSpec& optimizer, const Plan& plan,
                                                std::int64_t study);

struct Trial {
  Configuration configuration;
  double metric = 0, loss = 0;  ///< On validation, means over the tuning seeds.
  std::int64_t diverged = 0;    ///< Runs that did.
};

/// One tuning of an optimizer, and what came of its choice.
struct Study {
  std::vector<Trial> trials;    ///< Empty where nothing is searched.
  Configuration configuration;  ///< Of the least metric; then of the least loss, and the first.
  bool at_edge = false;         ///< Its lr is the least or the greatest tried: widen the range.
  double gap = 1;               ///< The factor to the farther of the next learning rates tried.
  std::vector<RunResult> runs;  ///< One for each evaluation seed.
};

/// What came of one optimizer.
struct Outcome {
  std::vector<Study> studies;
  std::int64_t state_bytes = 0;  ///< What state_bytes() says of the first study's choice.

  /// All evaluation runs, study by study.
  std::vector<const RunResult*> runs() const;
};

struct FinishedRun {
  RunKey key;
  RunResult result;
};

struct Results {
  std::vector<Outcome> outcomes;  ///< In the order of the optimizers.
  /// Of each optimizer's run with the first study's choice and the first seed.
  std::vector<std::vector<Insight>> insights;
  std::vector<FinishedRun> runs;  ///< All, in the order of the plan, whatever order they ended in.
};

/// Throws where an optimizer does not take the task's model: some rules need a matrix.
void check_optimizers(const Task& task, const Plan& plan);
/// Bytes of all tensors that an optimizer keeps beside the parameters, once it is under way: after two
/// steps with a batch of the task. The few numbers that rules keep of each parameter do not count.
std::int64_t state_bytes(const Task& task, const OptimizerSpec& optimizer,
                         const Configuration& configuration);

/// Runs what is not yet in `folder`, as many runs at once as plumb::num_threads() says, each on one
/// thread: models this small gain little from several, runs side by side gain all. Shows how far it
/// is on a terminal. Throws Stopped after a signal, and plumb::Error where runs of one seed did not
/// begin with the same loss for every optimizer.
Results run_plan(const Task& task, const Plan& plan, const std::string& folder,
                 const plumb::StopRequest& stop);

}  // namespace comparison
