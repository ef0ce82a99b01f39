#include "tasks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <plumb/core/runtime/error.hpp>
#include <plumb/data/tables/csv.hpp>

#include "../../support/cells.hpp"
#include "../../support/files.hpp"
#include "../../support/format.hpp"

namespace across {
namespace {

using plumb::errors::text;

constexpr double never = std::numeric_limits<double>::infinity();

constexpr const char* operation = "across_tasks";

double number(const plumb::data::Csv& table, std::int64_t row, const char* column) {
  return cell_number(operation, table, row, column);
}

// The value of a line NAME="VALUE" of a manifest.
std::string from_manifest(const std::string& folder, const std::string& name) {
  const std::string all = read_file(folder + "/manifest.ini"), begin = "\n" + name + "=\"";
  const std::size_t at = all.find(begin);
  if (at == std::string::npos)
    plumb::errors::fail(operation, folder, "/manifest.ini has no ", name);
  const std::size_t first = at + begin.size();
  return all.substr(first, all.find('"', first) - first);
}

// Of each optimizer: processor seconds of a step, the mean over all of its runs.
std::map<std::string, double> seconds_of_steps(const std::string& folder) {
  const plumb::data::Csv table = plumb::data::load_csv(folder + "/times.csv");
  std::map<std::string, double> seconds, steps;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    // The last point of a run.
    if (row + 1 < table.rows() && number(table, row + 1, "step") != 0) continue;
    const std::string label = cell_text(operation, table, row, "optimizer");
    seconds[label] += number(table, row, "seconds");
    steps[label] += number(table, row, "step");
  }
  for (auto& [label, all] : seconds) all /= steps[label];
  return seconds;
}

Task read_task(const std::string& folder, Tasks& tasks) {
  const plumb::data::Csv table = plumb::data::load_csv(folder + "/summary.csv");
  const std::map<std::string, double> step_seconds = seconds_of_steps(folder);
  Task task{folder, from_manifest(folder, "task"), {}};
  std::vector<std::string> optimizers;
  std::string baseline;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    optimizers.push_back(cell_text(operation, table, row, "optimizer"));
    Cell result;
    result.metric = number(table, row, "mean");
    result.steps = number(table, row, "steps_to_target");
    const auto found = step_seconds.find(optimizers.back());
    if (found != step_seconds.end()) result.step_seconds = found->second;
    // Tables were once written without these two.
    result.seconds = table.column("seconds_to_target") >= 0
                         ? number(table, row, "seconds_to_target")
                         : result.steps * result.step_seconds;
    if (table.column("state_bytes") >= 0) result.bytes = number(table, row, "state_bytes");
    result.verdict = cell_text(operation, table, row, "verdict");
    if (result.verdict == "baseline") baseline = optimizers.back();
    task.cells.push_back(result);
  }
  if (tasks.all.empty()) {
    tasks.optimizers = optimizers;
    tasks.baseline = baseline;
  }
  if (optimizers != tasks.optimizers || baseline != tasks.baseline)
    plumb::errors::fail(operation, folder,
                        " compares other optimizers, or with another baseline, than ",
                        tasks.all.front().folder);
  return task;
}

template <class F>
double least_of(const Task& task, F value) {
  double least = never;
  for (const Cell& each : task.cells) least = std::min(least, value(each));
  return least;
}

// 0 / 0 is 1: both are the best that there is.
double ratio(double value, double least) {
  if (value == least && std::isfinite(value)) return 1;
  return std::isfinite(value) ? value / least : never;
}

// A row for each optimizer, a column for each task.
template <class Show>
std::string costs_text(const Tasks& tasks, int column, const char* title, Show show) {
  std::string out = format("\n%s\n%-*s", title, column, "optimizer");
  for (const Task& task : tasks.all) out += format(" %11s", task.name.c_str());
  for (std::size_t i = 0; i < tasks.optimizers.size(); ++i) {
    out += format("\n%-*s", column, tasks.optimizers[i].c_str());
    for (const Task& task : tasks.all) out += format(" %11s", show(task.cells[i]).c_str());
  }
  return out + "\n";
}

}  // namespace

Tasks read_tasks(const std::vector<std::string>& folders) {
  Tasks tasks;
  for (const std::string& folder : folders) {
    Task task = read_task(folder, tasks);
    tasks.all.push_back(std::move(task));
  }
  return tasks;
}

double metric_ratio(const Task& task, std::size_t optimizer) {
  return ratio(task.cells[optimizer].metric,
               least_of(task, [](const Cell& each) { return each.metric; }));
}

double steps_ratio(const Task& task, std::size_t optimizer) {
  return ratio(task.cells[optimizer].steps,
               least_of(task, [](const Cell& each) { return each.steps; }));
}

double time_ratio(const Task& task, std::size_t optimizer) {
  return ratio(task.cells[optimizer].seconds,
               least_of(task, [](const Cell& each) { return each.seconds; }));
}

double share_within(const Tasks& tasks, std::size_t optimizer, double tau, Ratio ratio) {
  double within = 0;
  for (const Task& task : tasks.all) within += ratio(task, optimizer) <= tau ? 1 : 0;
  return within / static_cast<double>(tasks.all.size());
}

// On a task of ratio r the share is 1 from tau = r on.
double profile_score(const Tasks& tasks, std::size_t optimizer, Ratio ratio) {
  constexpr double last = 4;
  double all = 0;
  for (const Task& task : tasks.all)
    all += std::max(0.0, last - ratio(task, optimizer)) / (last - 1);
  return all / static_cast<double>(tasks.all.size());
}

std::string to_text(const Tasks& tasks) {
  std::size_t width = 9;
  for (const std::string& label : tasks.optimizers) width = std::max(width, label.size());
  const auto column = static_cast<int>(width);
  std::string out =
      format("test metric in units of the best on each task; ~: undecided against %s\n%-*s",
             tasks.baseline.c_str(), column, "optimizer");
  for (const Task& task : tasks.all) out += format(" %11s", task.name.c_str());
  out += "     profile     in time\n";
  for (std::size_t i = 0; i < tasks.optimizers.size(); ++i) {
    out += format("%-*s", column, tasks.optimizers[i].c_str());
    for (const Task& task : tasks.all)
      out += format(" %10.3f%s", metric_ratio(task, i),
                    task.cells[i].verdict == "undecided" ? "~" : " ");
    out +=
        format("  %10.3f  %10.3f\n", profile_score(tasks, i), profile_score(tasks, i, time_ratio));
  }
  return out +
         "profile: the share of tasks on which the target is reached within tau times the fewest "
         "steps, the mean over tau in 1 .. 4; in time: the same of processor seconds\n" +
         costs_text(tasks, column, "processor seconds to the target",
                    [](const Cell& each) { return format("%.3g", each.seconds); }) +
         costs_text(tasks, column, "processor microseconds of a step",
                    [](const Cell& each) { return format("%.4g", 1e6 * each.step_seconds); }) +
         costs_text(tasks, column, "what the rule keeps beside the weights",
                    [](const Cell& each) { return bytes_text(each.bytes); });
}

std::string ratios_csv(const Tasks& tasks) {
  std::string out =
      "task,optimizer,metric,metric_ratio,steps,steps_ratio,seconds,time_ratio,seconds_per_step,"
      "state_bytes,verdict\n";
  for (const Task& task : tasks.all)
    for (std::size_t i = 0; i < tasks.optimizers.size(); ++i) {
      const Cell& each = task.cells[i];
      out += text(task.name, ",\"", tasks.optimizers[i], "\",", each.metric, ",",
                  metric_ratio(task, i), ",", each.steps, ",", steps_ratio(task, i), ",",
                  each.seconds, ",", time_ratio(task, i), ",", each.step_seconds, ",", each.bytes,
                  ",", each.verdict, "\n");
    }
  return out;
}

}  // namespace across
