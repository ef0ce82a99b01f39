#include "summary.hpp"

#include <cmath>
#include <limits>
#include <plumb/core/runtime/error.hpp>

#include "../../support/format.hpp"

namespace comparison {
namespace {

using plumb::errors::text;

constexpr double never = std::numeric_limits<double>::infinity();

Values test_metrics(const Outcome& outcome) {
  Values all;
  for (const RunResult& run : outcome.runs) all.push_back(run.test.metric);
  return all;
}

// Medians of what it took the seeds to reach the target.
void measure_target(const Outcome& outcome, double target, Row& row) {
  Values steps, samples, seconds;
  for (const RunResult& run : outcome.runs) {
    const Point* point = run.reached(target);
    row.hits += point == nullptr ? 0 : 1;
    steps.push_back(point == nullptr ? never : static_cast<double>(point->step));
    samples.push_back(point == nullptr ? never : static_cast<double>(point->samples));
    seconds.push_back(point == nullptr ? never : point->seconds);
  }
  row.hits /= static_cast<double>(outcome.runs.size());
  row.steps = median(steps);
  row.samples = median(samples);
  row.seconds = median(seconds);
}

Row make_row(const OptimizerSpec& optimizer, const Outcome& outcome, double target) {
  Row row;
  row.label = optimizer.label();
  row.lr = outcome.lr;
  row.effective_lr = optimizer.effective_lr(outcome.lr);
  row.at_edge = outcome.at_edge;
  const Values metrics = test_metrics(outcome);
  row.mean = mean(metrics);
  row.interval = student_interval(metrics);
  row.median = median(metrics);
  row.lower_quartile = quantile(metrics, 0.25);
  row.upper_quartile = quantile(metrics, 0.75);
  Values best, touched;
  for (const RunResult& run : outcome.runs) {
    best.push_back(run.best());
    touched.push_back(run.touched);
    row.diverged += run.diverged ? 1 : 0;
  }
  row.best = median(best);
  row.touched = mean(touched);
  measure_target(outcome, target, row);
  return row;
}

std::vector<Difference> compare(const Plan& plan, const Results& results, const Judging& judging) {
  const Values baseline = test_metrics(results.outcomes[judging.baseline]);
  std::vector<std::size_t> others;
  std::vector<Values> differences;
  for (std::size_t i = 0; i < plan.optimizers.size() && baseline.size() > 1; ++i) {
    if (i == judging.baseline) continue;
    Values values = test_metrics(results.outcomes[i]);
    for (std::size_t seed = 0; seed < baseline.size(); ++seed) values[seed] -= baseline[seed];
    others.push_back(i);
    differences.push_back(values);
  }
  const std::vector<Judgement> judged = judge(differences, judging.alpha);
  std::vector<Difference> all;
  for (std::size_t i = 0; i < others.size(); ++i)
    all.push_back({judged[i], plan.optimizers[others[i]].label(), others[i], differences[i]});
  return all;
}

std::vector<std::string> warnings(const Plan& plan, const Summary& summary) {
  std::vector<std::string> all;
  if (plan.seeds < 6) all.push_back(text(plan.seeds, " seeds are few; take 6 or more"));
  const double least_p = std::pow(2, 1 - static_cast<double>(plan.seeds)) *
                         static_cast<double>(summary.differences.size());
  if (least_p >= summary.alpha && !summary.differences.empty())
    all.push_back(text("all is undecided: ", plan.seeds, " seeds give no p below ", least_p,
                       ", and a verdict takes one below ", summary.alpha));
  for (const Row& row : summary.rows) {
    if (row.at_edge)
      all.push_back(text(row.label, ": the best lr tried, ", row.lr,
                         ", is at the edge of the range; widen it"));
    if (row.diverged > 0)
      all.push_back(text(row.label, ": ", row.diverged,
                         " evaluation runs diverged; they count as the untrained model"));
  }
  return all;
}

int label_width(const Summary& summary) {
  std::size_t width = 9;
  for (const Row& row : summary.rows) width = std::max(width, row.label.size());
  return static_cast<int>(width);
}

std::string run_name(const Plan& plan, const RunKey& key) {
  return text(to_string(key.stage), ",\"", plan.optimizers[key.optimizer].label(), "\",", key.lr,
              ",", key.seed);
}

}  // namespace

Summary summarize(const Task& task, const Plan& plan, const Results& results,
                  const Judging& judging) {
  Summary summary;
  summary.metric = task.metric;
  summary.alpha = judging.alpha;
  summary.baseline = plan.optimizers[judging.baseline].label();
  Values reached;
  for (const RunResult& run : results.outcomes[judging.baseline].runs)
    reached.push_back(run.last().metric);
  summary.target = judging.target.value_or(median(reached));
  for (std::size_t i = 0; i < plan.optimizers.size(); ++i)
    summary.rows.push_back(make_row(plan.optimizers[i], results.outcomes[i], summary.target));
  summary.differences = compare(plan, results, judging);
  summary.warnings = warnings(plan, summary);
  return summary;
}

std::string to_text(const Summary& summary) {
  const int width = label_width(summary);
  std::string out =
      format("test %s at the end, and what it took to reach a validation %s of %.4g\n",
             summary.metric.c_str(), summary.metric.c_str(), summary.target);
  out += format("%-*s %9s %9s  %8s %-19s %8s %-17s %8s %5s %7s %9s %8s\n", width, "optimizer", "lr",
                "eff. lr", "mean", "+- 95 %", "median", "quartiles", "best val", "hits", "steps",
                "samples", "seconds");
  for (const Row& row : summary.rows)
    out +=
        format("%-*s %9.3g %9.3g%s %8.4g %-19s %8.4g %-17s %8.4g %4.0f%% %7.0f %9.0f %8.3g\n",
               width, row.label.c_str(), row.lr, row.effective_lr, row.at_edge ? "!" : " ",
               row.mean, format("[%.4g, %.4g]", row.interval.low, row.interval.high).c_str(),
               row.median, format("[%.4g, %.4g]", row.lower_quartile, row.upper_quartile).c_str(),
               row.best, 100 * row.hits, row.steps, row.samples, row.seconds);
  for (const Row& row : summary.rows)
    if (row.touched < 1)
      out += format("%s: %.1f %% of gradient elements were let through\n", row.label.c_str(),
                    100 * row.touched);
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
    if (summary.metric == "error %")
      out += format(
          "; at this noise 1 %% takes %lld seeds, 0.1 %% takes %lld",
          static_cast<long long>(pairs_to_find(1, standard_deviation(d.values), summary.alpha)),
          static_cast<long long>(pairs_to_find(0.1, standard_deviation(d.values), summary.alpha)));
    out += "\n";
  }
  for (const std::string& warning : summary.warnings) out += "! " + warning + "\n";
  return out;
}

std::string summary_csv(const Summary& summary) {
  std::string out =
      "optimizer,lr,effective_lr,at_edge,mean,mean_low,mean_high,median,lower_quartile,"
      "upper_quartile,best_validation,target,hits,steps_to_target,samples_to_target,diverged,"
      "touched,difference,bca_low,bca_high,effect,p,holm_p,verdict\n";
  for (std::size_t i = 0; i < summary.rows.size(); ++i) {
    const Row& r = summary.rows[i];
    out += text("\"", r.label, "\",", r.lr, ",", r.effective_lr, ",", r.at_edge ? 1 : 0, ",",
                r.mean, ",", r.interval.low, ",", r.interval.high, ",", r.median, ",",
                r.lower_quartile, ",", r.upper_quartile, ",", r.best, ",", summary.target, ",",
                r.hits, ",", r.steps, ",", r.samples, ",", r.diverged, ",", r.touched);
    const Difference* found = nullptr;
    for (const Difference& d : summary.differences)
      if (d.optimizer == i) found = &d;
    if (found == nullptr)
      out += ",,,,,,,baseline\n";
    else
      out += text(",", found->mean, ",", found->interval.low, ",", found->interval.high, ",",
                  found->effect, ",", found->p, ",", found->adjusted_p, ",",
                  to_string(found->verdict), "\n");
  }
  return out;
}

std::string runs_csv(const Plan& plan, const Results& results) {
  std::string out =
      "phase,optimizer,lr,seed,steps,diverged,first_loss,train_loss,validation_loss,"
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
      "phase,optimizer,lr,seed,step,samples,train_loss,validation_loss,validation_metric\n";
  for (const FinishedRun& run : results.runs)
    for (const Point& point : run.result.points)
      if (run.key.stage == Stage::evaluation)
        out +=
            text(run_name(plan, run.key), ",", point.step, ",", point.samples, ",",
                 point.train_loss, ",", point.validation.loss, ",", point.validation.metric, "\n");
  return out;
}

std::string times_csv(const Plan& plan, const Results& results) {
  std::string out = "phase,optimizer,lr,seed,step,seconds\n";
  for (const FinishedRun& run : results.runs)
    for (const Point& point : run.result.points)
      if (run.key.stage == Stage::evaluation)
        out += text(run_name(plan, run.key), ",", point.step, ",", point.seconds, "\n");
  return out;
}

}  // namespace comparison
