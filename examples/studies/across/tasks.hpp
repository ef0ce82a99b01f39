// Comparisons of the same optimizers on several tasks, side by side.
#pragma once

#include <limits>
#include <string>
#include <vector>

namespace across {

/// What one optimizer reached on one task.
struct Cell {
  double metric = 0;  ///< Test metric, the mean over the seeds; less is better.
  double steps = 0;   ///< Median to the task's target; infinite where no more than half reached it.
  double seconds = 0;       ///< Processor time to the target: a median, and infinite, as steps.
  double step_seconds = 0;  ///< Processor time of a step, the mean over the runs.
  std::string verdict;      ///< Against the baseline: "better", "worse", "undecided" or "baseline".
  /// Of the tensors that the rule keeps; NaN where the comparison was made without a count of them.
  double bytes = std::numeric_limits<double>::quiet_NaN();
};

struct Task {
  std::string folder, name;  ///< Of the comparison, and of its task.
  std::vector<Cell> cells;   ///< One for each optimizer.
};

/// Tasks by optimizers. On each task the target is the validation metric of the baseline's median run.
struct Tasks {
  std::string baseline;
  std::vector<std::string> optimizers;
  std::vector<Task> all;
};

/// What compare_optimizers wrote into the folders. Throws plumb::Error where a folder holds no finished
/// comparison, or one of other optimizers or another baseline than the first.
Tasks read_tasks(const std::vector<std::string>& folders);

/// A cell's metric in units of the best of its task: 1 and more; infinite where the best is 0.
double metric_ratio(const Task& task, std::size_t optimizer);
/// A cell's steps to the target in units of the fewest on its task; infinite for a miss.
double steps_ratio(const Task& task, std::size_t optimizer);
/// The same of the seconds: who costs more a step is charged for it.
double time_ratio(const Task& task, std::size_t optimizer);
/// One of these two.
using Ratio = double (*)(const Task& task, std::size_t optimizer);

/// The share of tasks on which an optimizer's ratio is at most tau (Dolan & More 2002, "Benchmarking optimization software with performance profiles").
double share_within(const Tasks& tasks, std::size_t optimizer, double tau,
                    Ratio ratio = steps_ratio);
/// The mean of that share over tau in [1, 4]: 1 for who is first everywhere, 0 for who never comes within
/// a factor of four (Dahl et al. 2023, "Benchmarking neural network training algorithms", section 4.5).
double profile_score(const Tasks& tasks, std::size_t optimizer, Ratio ratio = steps_ratio);

/// The tables for a terminal.
std::string to_text(const Tasks& tasks);
/// A line for each task and optimizer.
std::string ratios_csv(const Tasks& tasks);

/// Writes FOLDER/ratios.csv, FOLDER/profile.svg, where gnuplot is installed, and FOLDER/report.html, which
/// links to the reports of the tasks. Returns whether the picture was drawn.
bool write_report(const Tasks& tasks, const std::string& folder);

}  // namespace across
