#include <plumb/core/error.hpp>

#include "../support/gnuplot.hpp"
#include "figures.hpp"

namespace batch_study {
namespace {

using plumb::text;

std::string batch_axis(Length length) {
  return "set xlabel 'batch size, at equal " + to_string(length) +
         "'\nset logscale x\nset xrange [0.7:*]\nset format x '%.0f'\n" + logarithmic_y;
}

// A curve for each scaling, with intervals: columns "1:value:low:high" of LENGTH_SCALING<end>.csv.
std::string plot_scalings(Length length, const std::string& ylabel, const char* end,
                          const char* columns) {
  std::string out = batch_axis(length) + "set ylabel '" + ylabel + "'\nplot ";
  for (std::size_t i = 0; i < std::size(scalings); ++i)
    out += text(i == 0 ? "'" : ", '", to_string(length), "_", scalings[i].name, end, "' using ",
                columns, " with yerrorlines ls ", static_cast<std::int64_t>(i + 1),
                " pt 7 ps 0.5 title 'lr ", scalings[i].name, "'");
  return out + "\n";
}

}  // namespace

bool draw_pictures(const comparison::Task& task, const std::string& folder) {
  bool drawn = true;
  for (const Length length : lengths) {
    const auto picture = [&](const char* name, const std::string& ylabel, const char* end,
                             const char* columns) {
      drawn &= draw(folder, text(name, "_", to_string(length)),
                    plot_scalings(length, ylabel, end, columns));
    };
    picture("error", "test " + task.metric, ".csv", "1:4:5:6");
    picture("steps_to_target", "steps to the target", ".csv", "1:8:9:10");
    picture("seconds_to_target", "processor seconds to the target", "_seconds.csv", "1:2:3:4");
    drawn &= draw(
        folder, text("samples_per_second_", to_string(length)),
        batch_axis(length) + "set ylabel 'thousand samples per second'\nunset key\nplot '" +
            to_string(length) + "_rates.csv' using 1:2:3:4 with yerrorlines ls 1 pt 7 ps 0.5\n");
  }
  drawn &= draw(folder, "noise_scale",
                "set xlabel 'step'\nset logscale xy\nset ylabel 'gradient noise scale, samples'\n"
                "unset key\nplot 'noise_scale.csv' using ($1 > 0 ? $1 : 1):4:5:6 with yerrorlines "
                "ls 1 pt 7 ps 0.5\n");
  return drawn;
}

}  // namespace batch_study
