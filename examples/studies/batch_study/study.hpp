// The runs of a study of batch sizes: at equal epochs and at equal steps, lr scaled in three ways.
#pragma once

#include <cstdint>
#include <plumb/core/runtime/stop_request.hpp>
#include <string>
#include <vector>

#include "../../support/plan_progress.hpp"
#include "../comparison/run.hpp"

namespace batch_study {

struct Settings {
  comparison::TaskOptions task{"mlp", "synthetic", 40'000};
  std::string optimizer = "sgd:momentum=0.9,debias=1";
  std::vector<std::int64_t> batch_sizes = {1, 4, 16, 64, 256, 1024, 4096, 32768};
  double lr = 0.7;         ///< At the batch size `base`; by default the best one there, about.
  std::int64_t base = 64;  ///< Learning rates of other batch sizes follow from it.
  std::int64_t epochs = 2, steps = 100;
  /// With 12 and fewer the least p of 70 comparisons is above 0.02 after Holm's adjustment.
  std::int64_t seeds = 16;
  std::int64_t evaluations = 40;  ///< Along a run, evenly.
  double target = 10;             ///< Validation metric to reach.
  double memory_limit = 0;        ///< MB for the samples of a step; 0: none.
};

/// What is held equal between batch sizes.
enum class Length : std::uint8_t { epochs, steps };
constexpr Length lengths[] = {Length::epochs, Length::steps};
std::string to_string(Length length);

/// lr (batch size / base)^power.
struct Scaling {
  const char* name;
  double power;
};
constexpr Scaling scalings[] = {{"linear", 1}, {"sqrt", 0.5}, {"none", 0}};
constexpr double alpha = 0.02;          ///< What an adjusted p must be below for a verdict.
constexpr std::size_t square_root = 1;  ///< The scaling in the middle, which others are judged by.

/// One batch size under one scaling.
struct Cell {
  Length length;
  std::size_t scaling;  ///< Index in `scalings`.
  double lr;
  comparison::Training training;
  std::vector<comparison::RunResult> runs;  ///< One for each seed.
  bool percent = false;                     ///< Whether the test metric is a percentage.
};

/// In the order length, scaling, batch size, without runs. Throws plumb::Error where the memory
/// limit does not hold one sample.
std::vector<Cell> make_cells(const Settings& settings, const comparison::Task& task);

/// About proportional to the time of all runs, as comparison::work_of.
double work_of(const std::vector<Cell>& cells, const Settings& settings,
               const comparison::Task& task);

/// Fills in all runs. Trains what is not yet in FOLDER/runs, as many runs at once as
/// plumb::num_threads() says, and tells the progress. Throws comparison::Stopped after a signal.
void run_cells(std::vector<Cell>& cells, const Settings& settings, const comparison::Task& task,
               const std::string& folder, PlanProgress& progress, const plumb::StopRequest& stop);

}  // namespace batch_study
