// What the runs of a comparison say: figures for each optimizer, and verdicts against the baseline.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "campaign.hpp"
#include "statistics.hpp"

namespace comparison {

struct Judging {
  std::size_t baseline = 0;      ///< Index of the optimizer that the others are compared with.
  std::optional<double> target;  ///< Validation metric to reach; unset: what most baseline runs do.
  double alpha = 0.02;           ///< What an adjusted p must be below for a verdict.
  /// Why this is no evidence, to be said on every page; empty: it may be.
  std::vector<std::string> caveats = {};
};

/// Why no verdict can come of so many seeds and comparisons, whatever the runs give; empty: one can.
std::string why_undecided(std::int64_t seeds, std::size_t comparisons, double alpha);

/// One optimizer over the evaluation seeds, by the median of its studies. Metrics are of the test set
/// unless said otherwise.
struct Row {
  std::string label;
  double lr = 0, effective_lr = 0;  ///< Medians over the studies.
  std::vector<std::string> chosen;  ///< What each study chose: "lr=0.03, momentum=0.95".
  bool at_edge = false;             ///< In any study; so is a gap beside the choice.
  double mean = 0;
  Interval interval{};  ///< Student's, 95 %, of the mean; a percentage stays within 0 and 100.
  double tuning = 0;    ///< Standard deviation of the studies' means.
  Values expected;      ///< Validation metric of the best of 1, 2, ... trials; empty: none.
  double median = 0, lower_quartile = 0, upper_quartile = 0;
  double best = 0;  ///< Median of the least validation metric of each run.
  /// Share of the runs that reached the target, and medians over all of them of what it took;
  /// infinite where no more than half did.
  double hits = 0, steps = 0, samples = 0, seconds = 0;
  double step_seconds = 0;       ///< Processor time of a step, the mean over the runs.
  std::int64_t state_bytes = 0;  ///< Of the tensors that the rule keeps.
  std::int64_t diverged = 0;
  double touched = 1;  ///< Mean share of gradient elements that accumulate_below let through.
};

/// Paired differences of the test metric, optimizer minus baseline: below 0 is better.
struct Difference : Judgement {
  std::string label;
  std::size_t optimizer = 0;
  Values values;  ///< One for each seed.
};

struct Summary {
  std::string metric, baseline;
  double target = 0, alpha = 0;
  std::vector<Row> rows;
  std::vector<Difference> differences;
  std::vector<std::string> caveats;   ///< Why this is no evidence.
  std::vector<std::string> warnings;  ///< What to look at.
};

Summary summarize(const Task& task, const Plan& plan, const Results& results,
                  const Judging& judging);

/// The tables for a terminal.
std::string to_text(const Summary& summary);
/// The same for programs. The last two columns are times: of the others, equal plans give equal bytes.
std::string summary_csv(const Summary& summary);

/// Of every run of the plan: all but times, so that equal plans give equal bytes.
std::string runs_csv(const Plan& plan, const Results& results);
/// Of every point of the evaluation runs.
std::string curves_csv(const Plan& plan, const Results& results);
/// Processor seconds in training at the points of curves_csv.
std::string times_csv(const Plan& plan, const Results& results);

}  // namespace comparison
