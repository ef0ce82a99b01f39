#include <algorithm>
#include <cmath>
#include <plumb/core/runtime/error.hpp>

#include "../../support/gnuplot.hpp"
#include "figures.hpp"

namespace batch_study {
namespace {

using plumb::errors::text;

std::string batch_axis(Length length) {
  return "set xlabel 'batch size, at equal " + to_string(length) +
         "'\nset key samplen 2 title 'lr scaling'\nset logscale x\nset xrange [0.7:*]\nset format "
         "x '%.0f'\n" +
         logarithmic_y;
}

// A curve for each scaling, with intervals: columns "value:low:high" of LENGTH_SCALING<end>.csv. The curves
// stand a little beside one another, so that no bar hides another.
std::string plot_scalings(Length length, const std::string& ylabel, const char* end,
                          const std::string& columns) {
  std::string out = batch_axis(length) + "set ylabel '" + ylabel + "'\nplot ";
  for (std::size_t i = 0; i < std::size(scalings); ++i)
    out +=
        text(i == 0 ? "'" : ", '", to_string(length), "_", scalings[i].name, end, "' using ($1 * ",
             std::pow(1.12, static_cast<double>(i) - 1), "):", columns, " with yerrorlines ls ",
             std::int64_t{line_style(i)}, " title '", scalings[i].name, "'");
  return out + "\n";
}

// An interval without end has no upper bar: gnuplot would draw only the lower one, apart.
std::string ended(const std::string& high, const std::string& middle) {
  return "($" + high + " < 1e300 ? $" + high + " : $" + middle + ")";
}

std::string plot_rates(Length length) {
  return batch_axis(length) + "set ylabel 'thousand samples per second'\nunset key\nplot '" +
         to_string(length) + "_rates.csv' using 1:2:3:4 with yerrorlines ls 1 pt 7 ps 0.5\n";
}

// gnuplot takes a picture without any point for an error.
bool some_reach(const std::vector<Cell>& cells, Length length, double target) {
  return std::any_of(cells.begin(), cells.end(), [&](const Cell& cell) {
    return cell.length == length && std::isfinite(figures_of(cell, target).steps.median);
  });
}

bool some_end(const std::vector<Cell>& cells, Length length) {
  return std::any_of(cells.begin(), cells.end(), [&](const Cell& cell) {
    return cell.length == length &&
           std::isfinite(rate_of(cells, length, cell.training.batch_size).median);
  });
}

}  // namespace

bool draw_pictures(const std::vector<Cell>& cells, const Settings& settings,
                   const comparison::Task& task, const std::string& folder) {
  const PictureSize size{480, 400};
  bool drawn = true;
  for (const Length length : lengths) {
    const auto picture = [&](const char* name, const std::string& commands) {
      drawn &= draw(folder, text(name, "_", to_string(length)), commands, size);
    };
    picture("error", plot_scalings(length, "test " + task.metric, ".csv", "4:5:6"));
    if (some_reach(cells, length, settings.target)) {
      picture("steps_to_target",
              plot_scalings(length, "steps to the target", ".csv", "8:9:" + ended("10", "8")));
      picture("seconds_to_target", plot_scalings(length, "processor seconds to the target",
                                                 "_seconds.csv", "2:3:" + ended("4", "2")));
    }
    if (some_end(cells, length)) picture("samples_per_second", plot_rates(length));
  }
  drawn &=
      draw(folder, "noise_scale",
           "set xlabel 'step'\nset logscale xy\nset ylabel 'gradient noise scale, samples'\n"
           "unset key\nplot 'noise_scale.csv' using ($1 > 0 ? $1 : NaN):4:5:6 with yerrorlines "
           "ls 1 pt 7 ps 0.5\n",
           size);
  return drawn;
}

}  // namespace batch_study
