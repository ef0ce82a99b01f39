// What came of the runs of a study of batch sizes: tables for a terminal and as CSV.
#pragma once

#include "../comparison/statistics.hpp"
#include "study.hpp"

namespace batch_study {

/// A median over seeds and its interval; infinite where too few reached the target.
struct Middle {
  double median;
  comparison::Interval interval;
};

/// One cell over its seeds. Errors are of the test set; a run that diverged counts as the untrained
/// model, and as never reaching the target.
struct Figures {
  double error = 0;
  comparison::Interval interval{};  ///< Student's, 95 %, of the mean.
  double hits = 0;                  ///< Share of the seeds that reached the target.
  Middle steps{}, seconds{};        ///< To the target; seconds are of processor time.
  std::int64_t diverged = 0;
};

Figures figures_of(const Cell& cell, double target);

/// Thousands of samples in a second of processor time, of a batch size: over the runs of all
/// scalings that did not diverge, NaN where there are none.
Middle rate_of(const std::vector<Cell>& cells, Length length, std::int64_t batch_size);

/// Two cells of the same length: paired differences of the test error, cell minus other.
struct Difference : comparison::Judgement {
  const Cell* cell;
  const Cell* other;
};

/// Each batch size against the base under the same scaling, then each scaling against the square
/// root at the same batch size, but for the base, where all scalings are the same.
std::vector<Difference> compare_cells(const std::vector<Cell>& cells, const Settings& settings);

/// How many differences compare_cells judges.
std::size_t comparisons_of(const Settings& settings);

/// Errors and steps, which come again to the bit, and the differences between cells.
std::string to_text(const std::vector<Cell>& cells, const Settings& settings,
                    const comparison::Task& task);
/// Seconds to the target and samples per second, which do not.
std::string times_text(const std::vector<Cell>& cells, const Settings& settings);

/// LENGTH_SCALING.csv, LENGTH_SCALING_seconds.csv and LENGTH_rates.csv for each length and scaling.
void write_tables(const std::vector<Cell>& cells, const Settings& settings,
                  const std::string& folder);

/// FOLDER/report.html: the tables, the pictures that are there and the manifest, in one file that refers to
/// no other. `caveats` say why it is no evidence.
void write_report(const std::vector<Cell>& cells, const Settings& settings,
                  const comparison::Task& task, const std::vector<std::string>& caveats,
                  const std::string& folder);

/// As draw() of support/gnuplot.hpp, from those tables and noise_scale.csv. Pictures of what no run
/// has, steps to a target that none reached, are left out.
bool draw_pictures(const std::vector<Cell>& cells, const Settings& settings,
                   const comparison::Task& task, const std::string& folder);

}  // namespace batch_study
