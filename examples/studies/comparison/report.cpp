#include "report.hpp"

#include <cmath>
#include <filesystem>
#include <plumb/core/runtime/error.hpp>

#include "../../support/files.hpp"
#include "../../support/format.hpp"

namespace comparison {
namespace {

using plumb::errors::text;

const char* const style = R"(
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #ffffff; --faint: #6b6b76; --line: #d9d9e0;
  --better: #00704f; --worse: #b34700; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e4ea; --paper: #17171b; --faint: #9c9ca8;
  --line: #3a3a44; --better: #3fcf9f; --worse: #ff9152; } }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif;
  color: var(--ink); background: var(--paper); }
h1 { font-size: 1.5rem; line-height: 1.2; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
p, li { max-width: 44rem; } small, figcaption { color: var(--faint); font-size: .875rem; }
.scroll { overflow-x: auto; } figure { margin: 1.5rem 0; max-width: 44rem; } svg { width: 100%; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .875rem; }
th, td { padding: .3rem .6rem .3rem 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; white-space: normal; overflow-wrap: anywhere;
  min-width: 8rem; }
th { color: var(--faint); font-weight: 600; vertical-align: bottom; }
.better { color: var(--better); font-weight: 600; } .worse { color: var(--worse); font-weight: 600; }
pre { overflow-x: auto; font-size: .8rem; border: 1px solid var(--line); padding: .7rem; }
)";

std::string escape(const std::string& plain) {
  std::string out;
  for (const char c : plain)
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  return out;
}

// Four digits; counts, of samples, whole.
std::string rounded(double value) {
  if (std::isinf(value)) return value > 0 ? "never" : "-inf";
  const bool count = value >= 10'000 && value < 1e9;
  return count ? format("%.0f", value) : format("%.4g", value);
}

std::string range(double low, double high) { return rounded(low) + " to " + rounded(high); }

std::string line(const char* cell, const std::vector<std::string>& cells) {
  std::string out = "<tr>";
  for (const std::string& content : cells) out += text("<", cell, ">", content, "</", cell, ">");
  return out + "</tr>\n";
}

std::string rows_table(const Summary& summary) {
  std::string out =
      "<div class=scroll><table>\n" +
      line("th", {"optimizer", "lr", "effective lr", "mean", "95 %", "median", "quartiles",
                  "best on validation", "reached target", "steps", "samples", "seconds"});
  for (const Row& row : summary.rows)
    out += line("td", {escape(row.label), rounded(row.lr) + (row.at_edge ? " !" : ""),
                       rounded(row.effective_lr), rounded(row.mean),
                       range(row.interval.low, row.interval.high), rounded(row.median),
                       range(row.lower_quartile, row.upper_quartile), rounded(row.best),
                       rounded(100 * row.hits) + " %", rounded(row.steps), rounded(row.samples),
                       rounded(row.seconds)});
  return out + "</table></div>\n";
}

std::string verdicts_table(const Summary& summary) {
  std::string out =
      "<div class=scroll><table>\n" + line("th", {"optimizer", "verdict", "difference", "BCa 95 %",
                                                  "effect", "sign-flip p", "after Holm"});
  for (const Difference& d : summary.differences) {
    const std::string word = to_string(d.verdict);
    out += line("td", {escape(d.label), text("<span class=", word, ">", word, "</span>"),
                       rounded(d.mean), range(d.interval.low, d.interval.high), rounded(d.effect),
                       rounded(d.p), rounded(d.adjusted_p)});
  }
  return out + "</table></div>\n";
}

void replace_all(std::string& in, const std::string& what, const std::string& by) {
  for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + by.size()))
    in.replace(at, what.size(), by);
}

// The picture as a part of the page: without prologue and paper, in the page's ink.
std::string figure(const std::string& folder, const char* name, const char* caption) {
  const std::string path = folder + "/pictures/" + name + ".svg";
  if (!std::filesystem::exists(path)) return "";
  std::string picture = read_file(path);
  picture.erase(0, picture.find("<svg"));
  const std::size_t paper = picture.find("<rect");
  picture.erase(paper, picture.find("/>", paper) + 2 - paper);
  replace_all(picture, "black", "currentColor");
  return text("<figure>", picture, "<figcaption>", caption, "</figcaption></figure>\n");
}

std::string compared(const Plan& plan) {
  std::string out = "<ul>\n";
  for (const OptimizerSpec& optimizer : plan.optimizers)
    out +=
        text("<li><b>", escape(optimizer.label()), "</b>: ", escape(optimizer.description()),
             optimizer.searched() ? text("; lr in ", range(optimizer.lr_low(), optimizer.lr_high()))
                                  : text("; lr ", optimizer.lr_low()),
             "</li>\n");
  return out + "</ul>\n";
}

std::string introduction(const Task& task, const Plan& plan) {
  return text(
      "<h1>Optimizers on ", task.name, "</h1>\n<p>", plan.seeds,
      " seeds. A seed fixes initial weights and shuffling alike for every optimizer, so that runs "
      "are compared in pairs. Each learning rate is the best of ",
      plan.trials, " on the validation set, with ", plan.tuning_seeds,
      plan.tuning_seeds == 1 ? " other seed" : " other seeds",
      "; the test set is looked at once, "
      "at the end. ",
      plan.training.steps, " steps of ", plan.training.batch_size, " samples.</p>\n");
}

}  // namespace

void write_report(const Task& task, const Plan& plan, const Summary& summary,
                  const std::string& folder) {
  std::string page = text("<!doctype html>\n<html lang=en><meta charset=utf-8>\n",
                          "<meta name=viewport content='width=device-width, initial-scale=1'>\n",
                          "<title>Optimizers on ", task.name, "</title>\n<style>", style,
                          "</style>\n", introduction(task, plan));
  if (!summary.differences.empty())
    page += text("<h2>Against ", escape(summary.baseline), "</h2>\n<p>Difference of the test ",
                 summary.metric, ", seed by seed; below 0 is better. A verdict takes a p below ",
                 summary.alpha, " after Holm and an interval apart from 0.</p>\n",
                 verdicts_table(summary),
                 figure(folder, "differences",
                        "Means with BCa 95 % intervals against the baseline; dots are seeds."));
  page += text(
      "<h2>Test ", summary.metric, "</h2>\n", rows_table(summary),
      "<p><small>Target: a validation ", summary.metric, " of ", rounded(summary.target),
      ". Steps, samples and seconds to it are medians over all seeds; seconds are processor "
      "time in training alone. ! marks a learning rate at the edge of its range.</small></p>\n");
  for (const std::string& warning : summary.warnings) page += "<p>! " + escape(warning) + "</p>\n";
  page += "<h2>Learning curves</h2>\n" +
          figure(folder, "curves_steps", "Median and quartiles over the seeds, against steps.") +
          figure(folder, "curves_seconds", "The same against processor seconds.") +
          figure(folder, "reached", "Share of the seeds that have reached the target.") +
          figure(folder, "sensitivity",
                 "Every learning rate that was tried; crosses mark runs that diverged.");
  page += "<h2>What was compared</h2>\n" + compared(plan) + "<pre>" +
          escape(read_file(folder + "/manifest.ini")) + "</pre>\n</html>\n";
  write_file(folder + "/report.html", page);
}

}  // namespace comparison
