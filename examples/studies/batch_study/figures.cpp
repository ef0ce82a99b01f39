#include "figures.hpp"

#include <cmath>
#include <limits>
#include <plumb/core/runtime/error.hpp>
#include <utility>

#include "../../support/files.hpp"
#include "../../support/format.hpp"

namespace batch_study {
namespace {

using namespace comparison;
using plumb::errors::text;

constexpr double never = std::numeric_limits<double>::infinity();

Middle middle_of(const Values& values) {
  if (values.empty()) return {median(values), {median(values), median(values)}};  // NaN
  return {median(values), median_interval(values)};
}

// "12 [11, 14]"; "never" where not even half came there, "-" where there is nothing to measure.
enum class Digits : std::uint8_t { whole, three };
std::string to_text(const Middle& middle, Digits digits) {
  if (std::isnan(middle.median)) return "-";
  if (middle.median == never) return "never";
  return digits == Digits::whole
             ? format("%.0f [%.0f, %.0f]", middle.median, middle.interval.low, middle.interval.high)
             : format("%.3g [%.3g, %.3g]", middle.median, middle.interval.low,
                      middle.interval.high);
}

std::string to_text(const Cell& cell, const Settings& settings) {
  const Figures f = figures_of(cell, settings.target);
  const std::string error = format("%.4g [%.4g, %.4g]", f.error, f.interval.low, f.interval.high);
  std::string out =
      format("%8lld %9.3g %8lld  %-24s %4.0f%%  ", static_cast<long long>(cell.training.batch_size),
             cell.lr, static_cast<long long>(cell.training.steps), error.c_str(), 100 * f.hits) +
      to_text(f.steps, Digits::whole);
  if (f.diverged > 0) out += text("  ", f.diverged, " diverged");
  if (cell.training.micro_batch > 0) out += text("  in parts of ", cell.training.micro_batch);
  return out + "\n";
}

std::string heading(const Difference& first) {
  const std::string other =
      first.other->scaling == first.cell->scaling
          ? text("batch size ", first.other->training.batch_size, " under the same scaling")
          : text("lr scaling ", scalings[square_root].name, " at the same batch size");
  return text("\nagainst ", other,
              ", seed by seed: differences of the test error (below 0 is better)\n",
              "equal  scaling    batch      mean  BCa 95 %                Holm p  verdict\n");
}

// A heading where the second kind of comparison begins, too.
std::string differences_text(const std::vector<Difference>& differences) {
  std::string out;
  bool of_sizes = false;
  for (const Difference& d : differences) {
    const bool of_size = d.other->scaling == d.cell->scaling;
    if (out.empty() || of_size != of_sizes) out += heading(d);
    of_sizes = of_size;
    out +=
        format("%-6s %-7s %8lld %+9.4g  %-22s %7.2g  %s\n", to_string(d.cell->length).c_str(),
               scalings[d.cell->scaling].name, static_cast<long long>(d.cell->training.batch_size),
               d.mean, format("[%+.4g, %+.4g]", d.interval.low, d.interval.high).c_str(),
               d.adjusted_p, to_string(d.verdict).c_str());
  }
  return out;
}

const Cell& cell_of(const std::vector<Cell>& cells, Length length, std::size_t scaling,
                    std::int64_t batch_size) {
  for (const Cell& cell : cells)
    if (cell.length == length && cell.scaling == scaling && cell.training.batch_size == batch_size)
      return cell;
  plumb::errors::fail("batch_size", "no runs of batch size ", batch_size);
}

Values pair_runs(const Cell& cell, const Cell& other) {
  Values differences;
  for (std::size_t seed = 0; seed < cell.runs.size(); ++seed)
    differences.push_back(cell.runs[seed].test.metric - other.runs[seed].test.metric);
  return differences;
}

std::string csv_row(const Middle& middle) {
  return text(middle.median, ",", middle.interval.low, ",", middle.interval.high);
}

}  // namespace

Figures figures_of(const Cell& cell, double target) {
  Figures f;
  Values errors, steps, seconds;
  for (const RunResult& run : cell.runs) {
    errors.push_back(run.test.metric);
    const Point* reached = run.reached(target);
    f.hits += reached != nullptr ? 1.0 / static_cast<double>(cell.runs.size()) : 0;
    steps.push_back(reached != nullptr ? static_cast<double>(reached->step) : never);
    seconds.push_back(reached != nullptr ? reached->seconds : never);
    f.diverged += run.diverged ? 1 : 0;
  }
  f.error = mean(errors);
  f.interval = student_interval(errors);
  if (cell.percent) f.interval = within_percent(f.interval);
  f.steps = middle_of(steps);
  f.seconds = middle_of(seconds);
  return f;
}

Middle rate_of(const std::vector<Cell>& cells, Length length, std::int64_t batch_size) {
  Values rates;
  for (const Cell& cell : cells)
    if (cell.length == length && cell.training.batch_size == batch_size)
      for (const RunResult& run : cell.runs)
        if (!run.diverged)
          rates.push_back(static_cast<double>(run.points.back().samples) /
                          run.points.back().seconds / 1000);
  return middle_of(rates);
}

std::size_t comparisons_of(const Settings& settings) {
  std::size_t others = 0;  // than the base
  bool has_base = false;
  for (const std::int64_t size : settings.batch_sizes)
    if (size == settings.base)
      has_base = true;
    else
      ++others;
  return std::size(lengths) * others *
         ((has_base ? std::size(scalings) : 0) + std::size(scalings) - 1);
}

std::vector<Difference> compare_cells(const std::vector<Cell>& cells, const Settings& settings) {
  std::vector<std::pair<const Cell*, const Cell*>> pairs;
  for (const Cell& cell : cells)
    for (const Cell& other : cells)
      if (other.length == cell.length && other.scaling == cell.scaling && &other != &cell &&
          other.training.batch_size == settings.base)
        pairs.emplace_back(&cell, &other);
  for (const Cell& cell : cells)
    if (cell.scaling != square_root && cell.training.batch_size != settings.base)
      pairs.emplace_back(&cell,
                         &cell_of(cells, cell.length, square_root, cell.training.batch_size));
  std::vector<Values> values;
  for (const auto& [cell, other] : pairs) values.push_back(pair_runs(*cell, *other));
  const std::vector<Judgement> judged = judge(values, alpha);
  std::vector<Difference> differences;
  for (std::size_t i = 0; i < pairs.size(); ++i)
    differences.push_back({judged[i], pairs[i].first, pairs[i].second});
  return differences;
}

std::string to_text(const std::vector<Cell>& cells, const Settings& settings, const Task& task) {
  std::string out;
  const Cell* before = nullptr;
  for (const Cell& cell : cells) {
    if (before == nullptr || before->length != cell.length || before->scaling != cell.scaling) {
      out += text("\nequal ", to_string(cell.length), ", lr scaling ", scalings[cell.scaling].name,
                  "\n");
      out += format("%8s %9s %8s  %-24s %5s  %s\n", "batch", "lr", "steps",
                    ("test " + task.metric).c_str(), "hits", "steps to the target");
    }
    before = &cell;
    out += to_text(cell, settings);
  }
  return out + differences_text(compare_cells(cells, settings));
}

std::string times_text(const std::vector<Cell>& cells, const Settings& settings) {
  std::string out;
  for (const Length length : lengths) {
    out += "\nequal " + to_string(length) + ": processor time, of a thread\n";
    out += format("%8s  %-28s", "batch", "1000 samples/s");
    for (const Scaling& scaling : scalings)
      out += format("  %-28s", text("s to target, lr ", scaling.name).c_str());
    out += "\n";
    for (const std::int64_t batch_size : settings.batch_sizes) {
      const Middle rate = rate_of(cells, length, batch_size);
      out += format("%8lld  %-28s", static_cast<long long>(batch_size),
                    to_text(rate, Digits::three).c_str());
      for (std::size_t scaling = 0; scaling < std::size(scalings); ++scaling) {
        const Cell& cell = cell_of(cells, length, scaling, batch_size);
        const Middle seconds = figures_of(cell, settings.target).seconds;
        out += format("  %-28s", to_text(seconds, Digits::three).c_str());
      }
      out += "\n";
    }
  }
  return out;
}

void write_tables(const std::vector<Cell>& cells, const Settings& settings,
                  const std::string& folder) {
  for (const Length length : lengths)
    for (std::size_t scaling = 0; scaling < std::size(scalings); ++scaling) {
      std::string csv =
          "batch_size,lr,steps,error,error_low,error_high,hits,steps_to_target,low,high,diverged\n";
      std::string seconds = "batch_size,seconds_to_target,low,high\n";
      for (const std::int64_t batch_size : settings.batch_sizes) {
        const Cell& cell = cell_of(cells, length, scaling, batch_size);
        const Figures f = figures_of(cell, settings.target);
        csv += text(batch_size, ",", cell.lr, ",", cell.training.steps, ",", f.error, ",",
                    f.interval.low, ",", f.interval.high, ",", f.hits, ",", csv_row(f.steps), ",",
                    f.diverged, "\n");
        seconds += text(batch_size, ",", csv_row(f.seconds), "\n");
      }
      const std::string name = text(folder, "/", to_string(length), "_", scalings[scaling].name);
      write_file(name + ".csv", csv);
      write_file(name + "_seconds.csv", seconds);
    }
  for (const Length length : lengths) {
    std::string rates = "batch_size,thousand_samples_per_second,low,high\n";
    for (const std::int64_t batch_size : settings.batch_sizes)
      rates += text(batch_size, ",", csv_row(rate_of(cells, length, batch_size)), "\n");
    write_file(text(folder, "/", to_string(length), "_rates.csv"), rates);
  }
}

}  // namespace batch_study
