#include "report.hpp"

#include <plumb/core/runtime/error.hpp>

#include "../../support/files.hpp"
#include "../../support/format.hpp"
#include "page.hpp"

namespace comparison {
namespace {

using plumb::errors::text;

std::string rows_table(const Summary& summary) {
  std::vector<std::vector<std::string>> rows;
  for (const Row& row : summary.rows)
    rows.push_back({named(row.label), rounded(row.lr) + (row.at_edge ? " !" : ""),
                    rounded(row.effective_lr), rounded(row.mean),
                    range(row.interval.low, row.interval.high), rounded(row.median),
                    range(row.lower_quartile, row.upper_quartile), rounded(row.best),
                    rounded(100 * row.hits) + " %", rounded(row.steps), rounded(row.samples),
                    rounded(row.seconds), rounded(1e6 * row.step_seconds),
                    bytes_text(static_cast<double>(row.state_bytes))});
  return table(
      "Over the seeds, the median study of each optimizer",
      {"optimizer", "lr", "effective lr", "mean", "95 %", "median", "quartiles",
       "best on validation", "reached target", "steps", "samples", "seconds", "us a step", "state"},
      rows);
}

std::string verdicts_table(const Summary& summary) {
  std::vector<std::vector<std::string>> rows;
  for (const Difference& d : summary.differences) {
    const std::string word = to_string(d.verdict);
    rows.push_back({named(d.label), text("<span class=", word, ">", word, "</span>"),
                    rounded(d.mean), range(d.interval.low, d.interval.high), rounded(d.effect),
                    rounded(d.p), rounded(d.adjusted_p),
                    d.tuning ? range(d.tuning->low, d.tuning->high) : "tuned once, or not"});
  }
  return table("Against " + summary.baseline,
               {"optimizer", "verdict", "difference", "BCa 95 %", "effect", "sign-flip p",
                "after Holm", "tuned anew"},
               rows);
}

std::string tuning_table(const Plan& plan, const Summary& summary) {
  std::vector<std::vector<std::string>> rows;
  for (const Row& row : summary.rows) {
    if (row.expected.empty()) continue;
    std::string chosen = "<div class=words>";
    for (const std::string& each : row.chosen) chosen += escape(each) + "<br>";
    const std::size_t half = (row.expected.size() + 1) / 2;
    rows.push_back({named(row.label), rounded(row.tuning), rounded(row.expected.front()),
                    rounded(row.expected[half - 1]), rounded(row.expected.back()),
                    chosen + "</div>"});
  }
  if (rows.empty()) return "";
  return table("What tuning brought",
               {"optimizer", "spread of the studies", "best of 1 trial",
                text("of ", (plan.trials + 1) / 2), text("of ", plan.trials), "chosen"},
               rows);
}

std::string compared(const Plan& plan) {
  std::string out = "<ul>\n";
  for (const OptimizerSpec& optimizer : plan.optimizers)
    out += text("<li><b>", escape(optimizer.label()), "</b>: ", escape(optimizer.description()),
                "</li>\n");
  return out + "</ul>\n";
}

std::string introduction(const Plan& plan) {
  return text(
      "<p>", plan.seeds,
      " seeds. A seed fixes initial weights and shuffling alike for every optimizer, so that "
      "runs are compared in pairs. Each optimizer was tuned ",
      plan.studies, plan.studies == 1 ? " time, " : " times anew, ", "each time by ", plan.trials,
      " trials on the validation set with ", plan.tuning_seeds,
      plan.tuning_seeds == 1 ? " other seed" : " other seeds",
      "; the test set is looked at once, at the end. ", plan.training.steps, " steps of ",
      plan.training.batch_size, " samples.</p>\n");
}

// Where every figure comes from.
std::string sources() {
  return "<h2>Data</h2>\n<p>Beside this page: every run in <a href=runs.csv>runs.csv</a>, their "
         "points in "
         "<a href=curves.csv>curves.csv</a> and <a href=times.csv>times.csv</a>, the tables in "
         "<a href=summary.csv>summary.csv</a>, and each picture with its data and script in "
         "<a href=pictures>pictures</a>.</p>\n";
}

std::string looks(const std::string& pictures) {
  return "<h2>Why</h2>\n<p>One run of each optimizer, the first seed with the first study's "
         "choice, "
         "looked into along the way.</p>\n" +
         side_by_side(
             figure(pictures, "inside_key", "Whose curves these are.") +
                 figure(pictures, "inside_gradient", "Norm of a batch's gradient.") +
                 figure(pictures, "inside_update", "Norm of what a step changes.") +
                 figure(pictures, "inside_cosine", "Cosine of an update with the one before.") +
                 figure(pictures, "inside_noise", "Gradient noise scale, in samples.") +
                 figure(pictures, "inside_sharpness",
                        "Largest eigenvalue of the Hessian, on 256 samples."),
             "multiples");
}

}  // namespace

void write_report(const Task& task, const Plan& plan, const Summary& summary,
                  const std::string& folder) {
  const std::string pictures = folder + "/pictures";
  std::string content = notices(summary.caveats) + introduction(plan);
  if (!summary.differences.empty())
    content += text("<h2>Against ", escape(summary.baseline), "</h2>\n<p>Difference of the test ",
                    summary.metric, ", seed by seed; below 0 is better. A verdict takes a p below ",
                    summary.alpha,
                    " after Holm, an interval apart from 0, and, tuned more than once, a "
                    "difference that stands out from "
                    "the spread of tuning.</p>\n",
                    verdicts_table(summary),
                    figure(pictures, "differences",
                           "Means with BCa 95 % intervals against the baseline; dots are seeds."));
  content += text(
      "<h2>Test ", summary.metric, "</h2>\n", rows_table(summary),
      "<p><small>Target: a validation ", summary.metric, " of ", rounded(summary.target),
      ". Steps, samples and seconds to it are medians over all runs; seconds are processor "
      "time in training alone, those of a step too. State: the tensors that the rule keeps beside "
      "the weights. ! marks a learning rate at the edge of its range, or with a gap "
      "beside it.</small></p>\n");
  if (!summary.warnings.empty()) content += "<ul>\n";
  for (const std::string& warning : summary.warnings)
    content += "<li>! " + escape(warning) + "</li>\n";
  if (!summary.warnings.empty()) content += "</ul>\n";
  content +=
      "<h2>Learning curves</h2>\n" +
      side_by_side(figure(pictures, "curves_steps",
                          "Validation loss, median and quartiles over the runs, against steps.") +
                   figure(pictures, "curves_seconds", "The same against processor seconds.") +
                   figure(pictures, "reached", "Share of the runs that have reached the target."));
  const std::string tuning = tuning_table(plan, summary);
  if (!tuning.empty())
    content += "<h2>Tuning</h2>\n" + tuning +
               side_by_side(
                   figure(pictures, "expected",
                          "The best that so many trials are expected to find, on validation.") +
                   figure(pictures, "sensitivity",
                          "Every learning rate that was tried; crosses mark runs that diverged."));
  if (plan.looks > 0) content += looks(pictures);
  content += "<h2>What was compared</h2>\n" + compared(plan) + "<pre tabindex=0>" +
             escape(read_file(folder + "/manifest.ini")) + "</pre>\n" + sources();
  write_file(folder + "/report.html", page("Optimizers on " + task.name, content));
}

}  // namespace comparison
