#include "study.hpp"

#include <algorithm>
#include <cmath>
#include <plumb/core.hpp>

#include "../comparison/noise_scale.hpp"
#include "../comparison/run_folder.hpp"

namespace batch_study {
namespace {

using namespace plumb;
using namespace comparison;

// The largest part of the batch that divides it and stays within the limit; 0: all of it.
std::int64_t part_within(double megabytes, std::int64_t batch_size, std::int64_t sample_bytes) {
  if (megabytes == 0) return 0;
  const auto limit = static_cast<std::int64_t>(megabytes * 1e6) / sample_bytes;
  if (limit < 1)
    errors::fail("batch_size", "one sample takes ", sample_bytes, " bytes, the memory limit is ",
                 megabytes, " MB");
  std::int64_t part = std::min(limit, batch_size);
  while (batch_size % part != 0) --part;
  return part < batch_size ? part : 0;
}

Cell make_cell(const Settings& settings, const Task& task, std::int64_t sample_bytes, Length length,
               std::size_t scaling, std::int64_t batch_size) {
  Cell cell{length, scaling, 0, {}, {}, task.percent()};
  const double growth = static_cast<double>(batch_size) / static_cast<double>(settings.base);
  cell.lr = settings.lr * std::pow(growth, scalings[scaling].power);
  cell.training.batch_size = batch_size;
  cell.training.micro_batch = part_within(settings.memory_limit, batch_size, sample_bytes);
  const std::int64_t batches = (task.train->size() - 1) / batch_size + 1;
  cell.training.steps = length == Length::epochs ? settings.epochs * batches : settings.steps;
  cell.training.evaluations = settings.evaluations;
  cell.runs.resize(static_cast<std::size_t>(settings.seeds));
  return cell;
}

}  // namespace

std::string to_string(Length length) { return length == Length::epochs ? "epochs" : "steps"; }

std::vector<Cell> make_cells(const Settings& settings, const Task& task) {
  Generator random(0);
  const std::int64_t sample_bytes = bytes_per_sample(task, *task.make_model(random));
  std::vector<Cell> cells;
  for (const Length length : lengths)
    for (std::size_t scaling = 0; scaling < std::size(scalings); ++scaling)
      for (const std::int64_t batch_size : settings.batch_sizes)
        cells.push_back(make_cell(settings, task, sample_bytes, length, scaling, batch_size));
  return cells;
}

double work_of(const std::vector<Cell>& cells, const Settings& settings, const Task& task) {
  double work = 0;
  for (const Cell& cell : cells)
    work += static_cast<double>(settings.seeds) *
            comparison::work_of(task, cell.training, Stage::evaluation);
  return work;
}

void run_cells(std::vector<Cell>& cells, const Settings& settings, const Task& task,
               const std::string& folder, PlanProgress& progress, const StopRequest& stop) {
  const OptimizerSpec optimizer = OptimizerSpec::parse(settings.optimizer);
  const auto count = static_cast<std::int64_t>(cells.size()) * settings.seeds;
  RunFolder kept(folder, progress, stop);
  parallel_for(count, 1, [&](std::int64_t i, std::int64_t) {
    Cell& cell = cells[static_cast<std::size_t>(i / settings.seeds)];
    const auto seed = static_cast<std::uint64_t>(i % settings.seeds);
    const std::string name = errors::text(to_string(cell.length), "-", scalings[cell.scaling].name,
                                          "-", cell.training.batch_size, "-", seed);
    cell.runs[seed] = kept.find_or_train(name, task, optimizer,
                                         {Stage::evaluation, 0, {cell.lr}, seed}, cell.training);
  });
}

}  // namespace batch_study
