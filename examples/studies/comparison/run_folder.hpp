// Runs that are kept on disk, those under way as checkpoints, so that a program that was stopped
// goes on.
#pragma once

#include <cstdint>
#include <plumb/core/runtime/stop_request.hpp>
#include <string>

#include "../../support/plan_progress.hpp"
#include "insight.hpp"
#include "run.hpp"

namespace comparison {

class RunFolder {
 public:
  /// Keeps runs in FOLDER/runs. `runs` and `work`, in Training::work(), are of all that will be
  /// asked for; how far they are is shown on a terminal.
  RunFolder(const std::string& folder, PlanProgress& progress, const plumb::StopRequest& stop);

  /// The run that is kept as `name`, or else trained on the calling thread and kept under it. Names
  /// are those of one task and one set of settings: see claim_folder. May be called by several
  /// threads at once. Throws Stopped after a signal.
  RunResult find_or_train(const std::string& name, const Task& task, const OptimizerSpec& optimizer,
                          const RunKey& key, const Training& training);

  /// What look_inside says of a run, kept in the same way.
  std::vector<Insight> find_or_look(const std::string& name, const Task& task,
                                    const OptimizerSpec& optimizer, const RunKey& key,
                                    const Training& training, std::int64_t points);

 private:
  std::string folder_;
  const plumb::StopRequest& stop_;
  PlanProgress& progress_;
};

}  // namespace comparison
