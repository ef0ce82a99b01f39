#include "tasks.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <plumb/core/runtime/error.hpp>
#include <plumb/data/tables/csv.hpp>

#include "../../support/files.hpp"
#include "../../support/format.hpp"

namespace across {
namespace {

using plumb::errors::text;

constexpr double never = std::numeric_limits<double>::infinity();

std::string cell(const plumb::data::Csv& table, std::int64_t row, const char* column) {
  const std::int64_t at = table.column(column);
  if (at < 0) plumb::errors::fail("across_tasks", "a table has no column '", column, "'");
  return std::string(table.cell(row, at));
}

double number(const plumb::data::Csv& table, std::int64_t row, const char* column) {
  return std::strtod(cell(table, row, column).c_str(), nullptr);
}

// The value of a line NAME="VALUE" of a manifest.
std::string from_manifest(const std::string& folder, const std::string& name) {
  const std::string all = read_file(folder + "/manifest.ini"), begin = "\n" + name + "=\"";
  const std::size_t at = all.find(begin);
  if (at == std::string::npos)
    plumb::errors::fail("across_tasks", folder, "/manifest.ini has no ", name);
  const std::size_t first = at + begin.size();
  return all.substr(first, all.find('"', first) - first);
}

// Of each optimizer: processor seconds of a step, over all of its runs.
std::map<std::string, double> seconds_of_steps(const std::string& folder) {
  const plumb::data::Csv table = plumb::data::load_csv(folder + "/times.csv");
  std::map<std::string, double> seconds, steps;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    // The last point of a run.
    if (row + 1 < table.rows() && number(table, row + 1, "step") != 0) continue;
    const std::string label = cell(table, row, "optimizer");
    seconds[label] += number(table, row, "seconds");
    steps[label] += number(table, row, "step");
  }
  for (auto& [label, all] : seconds) all /= steps[label];
  return seconds;
}

Task read_task(const std::string& folder, Tasks& tasks) {
  const plumb::data::Csv table = plumb::data::load_csv(folder + "/summary.csv");
  const std::map<std::string, double> seconds = seconds_of_steps(folder);
  Task task{folder, from_manifest(folder, "task"), {}};
  std::vector<std::string> optimizers;
  std::string baseline;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    optimizers.push_back(cell(table, row, "optimizer"));
    Cell result{number(table, row, "mean"), number(table, row, "steps_to_target"), 0,
                cell(table, row, "verdict")};
    const auto found = seconds.find(optimizers.back());
    result.seconds = found == seconds.end() ? 0 : found->second;
    if (result.verdict == "baseline") baseline = optimizers.back();
    task.cells.push_back(result);
  }
  if (tasks.all.empty()) {
    tasks.optimizers = optimizers;
    tasks.baseline = baseline;
  }
  if (optimizers != tasks.optimizers || baseline != tasks.baseline)
    plumb::errors::fail("across_tasks", folder,
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

double share_within(const Tasks& tasks, std::size_t optimizer, double tau) {
  double within = 0;
  for (const Task& task : tasks.all) within += steps_ratio(task, optimizer) <= tau ? 1 : 0;
  return within / static_cast<double>(tasks.all.size());
}

// On a task of ratio r the share is 1 from tau = r on.
double profile_score(const Tasks& tasks, std::size_t optimizer) {
  constexpr double last = 4;
  double all = 0;
  for (const Task& task : tasks.all)
    all += std::max(0.0, last - steps_ratio(task, optimizer)) / (last - 1);
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
  out += "     profile\n";
  for (std::size_t i = 0; i < tasks.optimizers.size(); ++i) {
    out += format("%-*s", column, tasks.optimizers[i].c_str());
    for (const Task& task : tasks.all)
      out += format(" %10.3f%s", metric_ratio(task, i),
                    task.cells[i].verdict == "undecided" ? "~" : " ");
    out += format("  %10.3f\n", profile_score(tasks, i));
  }
  return out +
         "profile: the share of tasks on which the target is reached within tau times the fewest "
         "steps, "
         "the mean over tau in 1 .. 4\n";
}

std::string ratios_csv(const Tasks& tasks) {
  std::string out =
      "task,optimizer,metric,metric_ratio,steps,steps_ratio,seconds_per_step,verdict\n";
  for (const Task& task : tasks.all)
    for (std::size_t i = 0; i < tasks.optimizers.size(); ++i) {
      const Cell& each = task.cells[i];
      out += text(task.name, ",\"", tasks.optimizers[i], "\",", each.metric, ",",
                  metric_ratio(task, i), ",", each.steps, ",", steps_ratio(task, i), ",",
                  each.seconds, ",", each.verdict, "\n");
    }
  return out;
}

}  // namespace across
