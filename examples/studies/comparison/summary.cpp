#include "summary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <plumb/core/runtime/error.hpp>

#include "../../support/format.hpp"

namespace comparison {
namespace {

using plumb::errors::text;

constexpr double never = std::numeric_limits<double>::infinity();

// From here on the farther of the next learning rates is too far to know the best one.
constexpr double wide_gap = 4;

Scores test_scores(const Outcome& outcome) {
  Scores all;
  for (const Study& study : outcome.studies) {
    all.emplace_back();
    for (const RunResult& run : study.runs) all.back().push_back(run.test.metric);
  }
  return all;
}

// The greater of the two in the middle, for which more than half of the values are small enough.
double upper_median(Values values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Medians of what it took the runs to reach the target.
void measure_target(const std::vector<const RunResult*>& runs, double target, Row& row) {
  Values steps, samples, seconds;
  for (const RunResult* run : runs) {
    const Point* point = run->reached(target);
    row.hits += point == nullptr ? 0 : 1;
    steps.push_back(point == nullptr ? never : static_cast<double>(point->step));
    samples.push_back(point == nullptr ? never : static_cast<double>(point->samples));
    seconds.push_back(point == nullptr ? never : point->seconds);
  }
  row.hits /= static_cast<double>(runs.size());
  row.steps = median(steps);
  row.samples = median(samples);
  row.seconds = median(seconds);
}

Values expected_best(const Outcome& outcome) {
  Values metrics, expected;
  for (const Study& study : outcome.studies)
    for (const Trial& trial : study.trials) metrics.push_back(trial.metric);
  const std::size_t trials = outcome.studies.front().trials.size();
  for (std::size_t k = 1; k <= trials; ++k)
    expected.push_back(expected_least(metrics, static_cast<std::int64_t>(k)));
  return expected;
}

void describe_choices(const OptimizerSpec& optimizer, const Outcome& outcome, Row& row) {
  Values lrs, effective;
  for (const Study& study : outcome.studies) {
    lrs.push_back(study.configuration.lr);
    effective.push_back(optimizer.effective_lr(study.configuration));
    row.chosen.push_back(optimizer.text(study.configuration));
    row.at_edge = row.at_edge || study.at_edge || study.gap >= wide_gap;
  }
  row.lr = median(lrs);
  row.effective_lr = median(effective);
}

Row make_row(const Task& task, const OptimizerSpec& optimizer, const Outcome& outcome,
             double target) {
  Row row;
  row.label = optimizer.label();
  describe_choices(optimizer, outcome, row);
  const Scores scores = test_scores(outcome);
  const Values metrics = median_study(scores);
  row.mean = mean(metrics);
  row.interval = student_interval(metrics);
  if (task.percent()) row.interval = within_percent(row.interval);
  row.tuning = standard_deviation(means_of_studies(scores));
  row.expected = expected_best(outcome);
  row.median = median(metrics);
  row.lower_quartile = quantile(metrics, 0.25);
  row.upper_quartile = quantile(metrics, 0.75);
  Values best, touched;
  double seconds = 0, steps = 0;
  const std::vector<const RunResult*> runs = outcome.runs();
  for (const RunResult* run : runs) {
    best.push_back(run->best());
    touched.push_back(run->touched);
    row.diverged += run->diverged ? 1 : 0;
    seconds += run->points.back().seconds;
    steps += static_cast<double>(run->points.back().step);
  }
  row.best = median(best);
  row.touched = mean(touched);
  row.step_seconds = seconds / steps;
  row.state_bytes = outcome.state_bytes;
  measure_target(runs, target, row);
  return row;
}

std::vector<Difference> compare(const Plan& plan, const Results& results, const Judging& judging) {
  const Scores baseline = test_scores(results.outcomes[judging.baseline]);
  std::vector<std::size_t> others;
  std::vector<Scores> scores;
  for (std::size_t i = 0; i < plan.optimizers.size() && plan.seeds > 1; ++i) {
    if (i == judging.baseline) continue;
    others.push_back(i);
    scores.push_back(test_scores(results.outcomes[i]));
  }
  const std::vector<Judgement> judged = judge(scores, baseline, judging.alpha);
  const Values expected = median_study(baseline);
  std::vector<Difference> all;
  for (std::size_t i = 0; i < others.size(); ++i) {
    Values values = median_study(scores[i]);
    for (std::size_t seed = 0; seed < values.size(); ++seed) values[seed] -= expected[seed];
    all.push_back({judged[i], plan.optimizers[others[i]].label(), others[i], values});
  }
  return all;
}

void warn_of_search(const std::string& label, const Outcome& outcome,
                    std::vector<std::string>& all) {
  double gap = 1;
  for (const Study& study : outcome.studies) {
    if (study.at_edge) {
      all.push_back(text(label, ": the best lr tried, ", study.configuration.lr,
                         ", is at the edge of the range; widen it"));
      return;
    }
    gap = std::max(gap, study.gap);
  }
  if (gap >= wide_gap)
    all.push_back(label + format(": the next lr tried is a factor of %.2g from the best; "
                                 "take more trials or a narrower range",
                                 gap));
}

// Comparisons once kept NaN for models that have no second derivatives.
bool lacks_sharpness(const Results& results) {
  bool looked = false;
  for (const std::vector<Insight>& run : results.insights)
    for (const Insight& insight : run) {
      if (!std::isnan(insight.sharpness)) return false;
      looked = true;
    }
  return looked;
}

std::vector<std::string> warnings(const Results& results, const Summary& summary) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < summary.rows.size(); ++i) {
    const Row& row = summary.rows[i];
    warn_of_search(row.label, results.outcomes[i], all);
    if (row.diverged > 0)
      all.push_back(text(row.label, ": ", row.diverged,
                         " evaluation runs diverged; they count as the untrained model"));
  }
  if (lacks_sharpness(results))
    all.push_back(
        "no sharpness was measured when the runs were looked into; without runs/inside-*.csv "
        "the same command looks again");
  return all;
}

int label_width(const Summary& summary) {
  std::size_t width = 9;
  for (const Row& row : summary.rows) width = std::max(width, row.label.size());
  return static_cast<int>(width);
}

// What tuning brought: after how many trials how good, and how much it left to chance.
std::string tuning_text(const Summary& summary) {
  std::string out;
  for (const Row& row : summary.rows) {
    if (row.expected.empty()) continue;
    if (out.empty())
      out = format(
          "\ntuning: spread of the studies' means, and the best validation %s expected of "
          "so many trials\n",
          summary.metric.c_str());
    out += format("%-*s %8.3g ", label_width(summary), row.label.c_str(), row.tuning);
    for (std::size_t k = 1; k < row.expected.size(); k *= 2)
      out += format("  %d: %.4g", static_cast<int>(k), row.expected[k - 1]);
    out += format("  %d: %.4g\n", static_cast<int>(row.expected.size()), row.expected.back());
    for (std::size_t i = 0; i < row.chosen.size(); ++i)
      out += format("%*s study %d: %s\n", label_width(summary), "", static_cast<int>(i + 1),
                    row.chosen[i].c_str());
  }
  return out;
}

std::string run_name(const Plan& plan, const RunKey& key) {
  const OptimizerSpec& optimizer = plan.optimizers[key.optimizer];
  return text(to_string(key.stage), ",\"", optimizer.label(), "\",", key.study, ",",
              key.configuration.lr, ",\"", optimizer.text(key.configuration), "\",", key.seed);
}

}  // namespace

std::string why_undecided(std::int64_t seeds, std::size_t comparisons, double alpha) {
  const double least_p =
      std::pow(2, 1 - static_cast<double>(seeds)) * static_cast<double>(comparisons);
  if (least_p < alpha || comparisons == 0 || !(alpha > 0)) return "";
  std::int64_t enough = seeds;
  while (std::pow(2, 1 - static_cast<double>(enough)) * static_cast<double>(comparisons) >= alpha)
    ++enough;
  return text("no verdict can come of this: ", seeds, " seeds give no p below ", least_p, " with ",
              static_cast<std::int64_t>(comparisons),
              " comparisons, and a verdict takes one below ", alpha, "; ", enough, " seeds do");
}

Summary summarize(const Task& task, const Plan& plan, const Results& results,
                  const Judging& judging) {
  Summary summary;
  summary.metric = task.metric;
  summary.alpha = judging.alpha;
  summary.baseline = plan.optimizers[judging.baseline].label();
  Values reached;
  for (const RunResult* run : results.outcomes[judging.baseline].runs())
    reached.push_back(run->last().metric);
  summary.target = judging.target.value_or(upper_median(reached));
  for (std::size_t i = 0; i < plan.optimizers.size(); ++i)
    summary.rows.push_back(make_row(task, plan.optimizers[i], results.outcomes[i], summary.target));
  summary.differences = compare(plan, results, judging);
  summary.caveats = judging.caveats;
  summary.warnings = warnings(results, summary);
  return summary;
}

std::string to_text(const Summary& summary) {
  const int width = label_width(summary);
  std::string out =
      format("test %s at the end, and what it took to reach a validation %s of %.4g\n",
             summary.metric.c_str(), summary.metric.c_str(), summary.target);
  out += format("%-*s %9s %9s  %8s %-19s %8s %-17s %8s %5s %7s %9s %8s %8s %8s\n", width,
                "optimizer", "lr", "eff. lr", "mean", "+- 95 %", "median", "quartiles", "best val",
                "hits", "steps", "samples", "seconds", "us/step", "state");
  for (const Row& row : summary.rows)
    out += format(
        "%-*s %9.3g %9.3g%s %8.4g %-19s %8.4g %-17s %8.4g %4.0f%% %7.0f %9.0f %8.3g %8.4g %8s\n",
        width, row.label.c_str(), row.lr, row.effective_lr, row.at_edge ? "!" : " ", row.mean,
        format("[%.4g, %.4g]", row.interval.low, row.interval.high).c_str(), row.median,
        format("[%.4g, %.4g]", row.lower_quartile, row.upper_quartile).c_str(), row.best,
        100 * row.hits, row.steps, row.samples, row.seconds, 1e6 * row.step_seconds,
        bytes_text(static_cast<double>(row.state_bytes)).c_str());
  for (const Row& row : summary.rows)
    if (row.touched < 1)
      out += format("%s: %.1f %% of gradient elements were let through\n", row.label.c_str(),
                    100 * row.touched);
  out += tuning_text(summary);
  if (!summary.differences.empty()) {
    out += format("\nagainst %s, seed by seed: differences of the test %s (below 0 is better)\n",
                  summary.baseline.c_str(), summary.metric.c_str());
    out += format("%-*s %9s  %-21s %7s %8s %8s  %s\n", width, "optimizer", "mean", "BCa 95 %",
                  "effect", "p", "Holm p", "verdict");
  }
  for (const Difference& d : summary.differences) {
    out += format("%-*s %+9.4f  %-21s %+7.2f %8.2g %8.2g  %s", width, d.label.c_str(), d.mean,
                  format("[%+.4f, %+.4f]", d.interval.low, d.interval.high).c_str(), d.effect, d.p,
                  d.adjusted_p, to_string(d.verdict).c_str());
    if (d.tuning) out += format("; tuned anew [%+.4g, %+.4g]", d.tuning->low, d.tuning->high);
    if (summary.metric == "error %")
      out += format(
          "; at this noise 1 %% takes %lld seeds, 0.1 %% takes %lld",
          static_cast<long long>(pairs_to_find(1, standard_deviation(d.values), summary.alpha)),
          static_cast<long long>(pairs_to_find(0.1, standard_deviation(d.values), summary.alpha)));
    out += "\n";
  }
  for (const std::string& caveat : summary.caveats) out += "! " + caveat + "\n";
  for (const std::string& warning : summary.warnings) out += "! " + warning + "\n";
  return out;
}

std::string summary_csv(const Summary& summary) {
  std::string out =
      "optimizer,lr,effective_lr,at_edge,mean,mean_low,mean_high,median,lower_quartile,"
      "upper_quartile,best_validation,target,hits,steps_to_target,samples_to_target,diverged,"
      "touched,tuning,state_bytes,difference,bca_low,bca_high,effect,p,holm_p,tuning_low,tuning_"
      "high,verdict,seconds_to_target,seconds_per_step\n";
  for (std::size_t i = 0; i < summary.rows.size(); ++i) {
    const Row& r = summary.rows[i];
    out +=
        text("\"", r.label, "\",", r.lr, ",", r.effective_lr, ",", r.at_edge ? 1 : 0, ",", r.mean,
             ",", r.interval.low, ",", r.interval.high, ",", r.median, ",", r.lower_quartile, ",",
             r.upper_quartile, ",", r.best, ",", summary.target, ",", r.hits, ",", r.steps, ",",
             r.samples, ",", r.diverged, ",", r.touched, ",", r.tuning, ",", r.state_bytes);
    const Difference* found = nullptr;
    for (const Difference& d : summary.differences)
      if (d.optimizer == i) found = &d;
    if (found == nullptr)
      out += ",,,,,,,,,baseline";
    else
      out += text(",", found->mean, ",", found->interval.low, ",", found->interval.high, ",",
                  found->effect, ",", found->p, ",", found->adjusted_p, ",",
                  found->tuning ? text(found->tuning->low, ",", found->tuning->high) : ",", ",",
                  to_string(found->verdict));
    out += text(",", r.seconds, ",", r.step_seconds, "\n");
  }
  return out;
}

std::string runs_csv(const Plan& plan, const Results& results) {
  std::string out =
      "phase,optimizer,study,lr,configuration,seed,steps,diverged,first_loss,train_loss,validation_"
      "loss,"
      "validation_metric,best_validation_metric,test_loss,test_metric,touched,parameter_hash\n";
  for (const FinishedRun& run : results.runs) {
    const RunResult& r = run.result;
    out += text(run_name(plan, run.key), ",", r.points.back().step, ",", r.diverged ? 1 : 0, ",",
                r.first_loss, ",", r.points.back().train_loss, ",", r.last().loss, ",",
                r.last().metric, ",", r.best(), ",");
    if (run.key.stage == Stage::evaluation) out += text(r.test.loss, ",", r.test.metric);
    out += text(run.key.stage == Stage::evaluation ? "," : ",,", r.touched, ",", r.parameter_hash,
                "\n");
  }
  return out;
}

std::string curves_csv(const Plan& plan, const Results& results) {
  std::string out =
      "phase,optimizer,study,lr,configuration,seed,step,samples,train_loss,validation_loss,"
      "validation_metric\n";
  for (const FinishedRun& run : results.runs)
    for (const Point& point : run.result.points)
      if (run.key.stage == Stage::evaluation)
        out +=
            text(run_name(plan, run.key), ",", point.step, ",", point.samples, ",",
                 point.train_loss, ",", point.validation.loss, ",", point.validation.metric, "\n");
  return out;
}

std::string times_csv(const Plan& plan, const Results& results) {
  std::string out = "phase,optimizer,study,lr,configuration,seed,step,seconds\n";
  for (const FinishedRun& run : results.runs)
    for (const Point& point : run.result.points)
      if (run.key.stage == Stage::evaluation)
        out += text(run_name(plan, run.key), ",", point.step, ",", point.seconds, "\n");
  return out;
}

}  // namespace comparison
