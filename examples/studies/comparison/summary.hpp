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
  std::optional<double> target;  ///< Validation metric to reach; unset: the baseline's median.
  double alpha = 0.02;           ///< What an adjusted p must be below for a verdict.
};

/// One optimizer over the evaluation seeds. Metrics are of the test set unless said otherwise.
struct Row {
  std::string label;
  double lr = 0, effective_lr = 0;
  bool at_edge = false;
  double mean = 0;
  Interval interval{};  ///< Student's, 95 %, of the mean.
  double median = 0, lower_quartile = 0, upper_quartile = 0;
  double best = 0;  ///< Median of the least validation metric of each run.
  /// Share of the seeds that reached the target, and medians over all of them of what it took;
  /// infinite where fewer than half did.
  double hits = 0, steps = 0, samples = 0, seconds = 0;
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
  std::vector<std::string> warnings;
};

Summary summarize(const Task& task, const Plan& plan, const Results& results,
                  const Judging& judging);

/// The tables for a terminal.
std::string to_text(const Summary& summary);
std::string summary_csv(const Summary& summary);

/// Of every run of the plan: all but times, so that equal plans give equal bytes.
std::string runs_csv(const Plan& plan, const Results& results);
/// Of every point of the evaluation runs.
std::string curves_csv(const Plan& plan, const Results& results);
/// Processor seconds in training at the points of curves_csv.
std::string times_csv(const Plan& plan, const Results& results);

}  // namespace comparison
