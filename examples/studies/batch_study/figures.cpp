#include "figures.hpp"

#include <cmath>
#include <limits>
#include <plumb/core/runtime/error.hpp>

#include "../../support/files.hpp"

namespace batch_study {
namespace {

using namespace comparison;
using plumb::text;

constexpr double never = std::numeric_limits<double>::infinity();

Middle middle_of(const Values& values) {
  if (values.empty()) return {median(values), {median(values), median(values)}};  // NaN
  return {median(values), median_interval(values)};
}

// "12 [11, 14]"; "never" where not even half came there, "-" where there is nothing to measure.
std::string to_text(const Middle& middle, const char* format) {
  if (std::isnan(middle.median)) return "-";
  if (middle.median == never) return "never";
  char buffer[100];
  std::snprintf(buffer, sizeof buffer, format, middle.median, middle.interval.low,
                middle.interval.high);
  return buffer;
}
constexpr const char* whole = "%.0f [%.0f, %.0f]";
constexpr const char* three_digits = "%.3g [%.3g, %.3g]";

std::string to_text(const Cell& cell, const Settings& settings) {
  const Figures f = figures_of(cell, settings.target);
  char error[64], line[200];
  std::snprintf(error, sizeof error, "%.4g [%.4g, %.4g]", f.error, f.interval.low, f.interval.high);
  std::snprintf(line, sizeof line, "%8lld %9.3g %8lld  %-24s %4.0f%%  ",
                static_cast<long long>(cell.training.batch_size), cell.lr,
                static_cast<long long>(cell.training.steps), error, 100 * f.hits);
  std::string out = line + to_text(f.steps, whole);
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
    char interval[64], line[200];
    std::snprintf(interval, sizeof interval, "[%+.4g, %+.4g]", d.interval.low, d.interval.high);
    std::snprintf(line, sizeof line, "%-6s %-7s %8lld %+9.4g  %-22s %7.2g  %s\n",
                  to_string(d.cell->length).c_str(), scalings[d.cell->scaling].name,
                  static_cast<long long>(d.cell->training.batch_size), d.mean, interval,
                  d.adjusted_p, to_string(d.verdict).c_str());
    out += line;
  }
  return out;
}

const Cell& cell_of(const std::vector<Cell>& cells, Length length, std::size_t scaling,
                    std::int64_t batch_size) {
  for (const Cell& cell : cells)
    if (cell.length == length && cell.scaling == scaling && cell.training.batch_size == batch_size)
      return cell;
  plumb::fail("batch_size", "no runs of batch size ", batch_size);
}

void judge(std::vector<Difference>& differences) {
  std::vector<Values> pairs;
  Values p;
  for (const Difference& d : differences) {
    Values values;
    for (std::size_t seed = 0; seed < d.cell->runs.size(); ++seed)
      values.push_back(d.cell->runs[seed].test.metric - d.other->runs[seed].test.metric);
    p.push_back(sign_flip_p(values));
    pairs.push_back(values);
  }
  const Values adjusted = holm(p);
  for (std::size_t i = 0; i < differences.size(); ++i) {
    Difference& d = differences[i];
    d.mean = mean(pairs[i]);
    d.interval = bca_interval(pairs[i], mean);
    d.adjusted_p = adjusted[i];
    d.verdict = verdict(pairs[i], d.interval, d.adjusted_p, 0.02);
  }
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

std::vector<Difference> compare_cells(const std::vector<Cell>& cells, const Settings& settings) {
  std::vector<Difference> differences;
  for (const Cell& cell : cells)
    for (const Cell& other : cells)
      if (other.length == cell.length && other.scaling == cell.scaling && &other != &cell &&
          other.training.batch_size == settings.base)
        differences.push_back({&cell, &other});
  for (const Cell& cell : cells)
    if (cell.scaling != square_root && cell.training.batch_size != settings.base)
      differences.push_back(
          {&cell, &cell_of(cells, cell.length, square_root, cell.training.batch_size)});
  judge(differences);
  return differences;
}

std::string to_text(const std::vector<Cell>& cells, const Settings& settings, const Task& task) {
  std::string out;
  const Cell* before = nullptr;
  for (const Cell& cell : cells) {
    if (before == nullptr || before->length != cell.length || before->scaling != cell.scaling) {
      out += text("\nequal ", to_string(cell.length), ", lr scaling ", scalings[cell.scaling].name,
                  "\n");
      char heading[120];
      std::snprintf(heading, sizeof heading, "%8s %9s %8s  %-24s %5s  %s\n", "batch", "lr", "steps",
                    ("test " + task.metric).c_str(), "hits", "steps to the target");
      out += heading;
    }
    before = &cell;
    out += to_text(cell, settings);
  }
  return out + differences_text(compare_cells(cells, settings));
}

std::string times_text(const std::vector<Cell>& cells, const Settings& settings) {
  std::string out;
  for (const Length length : lengths) {
    char line[120];
    out += "\nequal " + to_string(length) + ": processor time, of a thread\n";
    std::snprintf(line, sizeof line, "%8s  %-28s", "batch", "1000 samples/s");
    out += line;
    for (const Scaling& scaling : scalings) {
      std::snprintf(line, sizeof line, "  %-28s", text("s to target, lr ", scaling.name).c_str());
      out += line;
    }
    out += "\n";
    for (const std::int64_t batch_size : settings.batch_sizes) {
      std::snprintf(line, sizeof line, "%8lld  %-28s", static_cast<long long>(batch_size),
                    to_text(rate_of(cells, length, batch_size), three_digits).c_str());
      out += line;
      for (std::size_t scaling = 0; scaling < std::size(scalings); ++scaling) {
        const Cell& cell = cell_of(cells, length, scaling, batch_size);
        std::snprintf(line, sizeof line, "  %-28s",
                      to_text(figures_of(cell, settings.target).seconds, three_digits).c_str());
        out += line;
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
