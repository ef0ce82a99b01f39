#include <algorithm>
#include <cmath>
#include <filesystem>
#include <plumb/core/runtime/error.hpp>

#include "../../support/files.hpp"
#include "../../support/format.hpp"
#include "../../support/gnuplot.hpp"
#include "../comparison/page.hpp"
#include "tasks.hpp"

namespace across {
namespace {

using namespace comparison;
using plumb::errors::text;

// "1.23", in a colour that is full from twice the best on, hatched where nothing is decided; the metric
// itself where the best has no errors at all.
std::string heat(double ratio, const Cell& cell) {
  const double share = std::isfinite(ratio) ? std::clamp(std::log2(ratio), 0.0, 1.0) : 1;
  return text("<span class='heat", cell.verdict == "undecided" ? " hatched" : "",
              "' style='--heat:", static_cast<std::int64_t>(std::lround(100 * share)), "%'>",
              std::isfinite(ratio) ? format("%.3f", ratio) : rounded(cell.metric),
              "</span><span class=unseen>, ", cell.verdict, "</span>");
}

std::string linked(const Task& task, const std::string& folder) {
  const std::string path =
      std::filesystem::proximate(task.folder + "/report.html", folder).generic_string();
  return text("<a href='", escape(path), "'>", escape(task.name), "</a>");
}

std::string heat_map(const Tasks& tasks, const std::string& folder) {
  std::vector<std::string> heads = {"optimizer"};
  for (const Task& task : tasks.all) heads.push_back(linked(task, folder));
  heads.push_back("profile");
  heads.push_back("in time");
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < tasks.optimizers.size(); ++i) {
    rows.push_back({named(tasks.optimizers[i])});
    for (const Task& task : tasks.all)
      rows.back().push_back(heat(metric_ratio(task, i), task.cells[i]));
    rows.back().push_back(format("%.3f", profile_score(tasks, i)));
    rows.back().push_back(format("%.3f", profile_score(tasks, i, time_ratio)));
  }
  return table("Test metric in units of the best on each task", heads, rows);
}

template <class Show>
std::string costs(const Tasks& tasks, const std::string& title, Show show) {
  std::vector<std::string> heads = {"optimizer"};
  for (const Task& task : tasks.all) heads.push_back(escape(task.name));
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < tasks.optimizers.size(); ++i) {
    rows.push_back({named(tasks.optimizers[i])});
    for (const Task& task : tasks.all) rows.back().push_back(show(task.cells[i]));
  }
  return table(title, heads, rows);
}

std::string costs(const Tasks& tasks) {
  return costs(tasks, "Steps and processor seconds to the target",
               [](const Cell& each) {
                 return std::isinf(each.steps)
                            ? rounded(each.steps)
                            : rounded(each.steps) + " in " + rounded(each.seconds) + " s";
               }) +
         costs(tasks, "Processor time of a step, and what the rule keeps beside the weights",
               [](const Cell& each) {
                 return rounded(1e6 * each.step_seconds) + " us, " + bytes_text(each.bytes);
               });
}

// With a ratio, what it is of, in units of what.
bool draw_profile(const Tasks& tasks, const std::string& folder, const std::string& name,
                  Ratio ratio, const std::string& axis) {
  std::string plots = "plot ";
  for (std::size_t i = 0; i < tasks.optimizers.size(); ++i) {
    std::string data = "tau,share\n";
    for (int step = 0; step <= 300; ++step) {
      const double tau = 1 + step / 100.0;
      data += text(tau, ",", share_within(tasks, i, tau + 1e-12, ratio), "\n");
    }
    write_file(text(folder, "/", name, "_", std::uint64_t{i}, ".csv"), data);
    plots += text(i == 0 ? "" : ", ", "'", name, "_", std::uint64_t{i},
                  ".csv' using 1:2 with linespoints ls ", std::int64_t{line_style(i)},
                  " pn 8 title '", tasks.optimizers[i], "'");
  }
  return draw(folder, name,
              "set xlabel '" + axis +
                  "'\nset ylabel 'share of tasks'\n"
                  "set yrange [-0.05:1.05]\n" +
                  plots + "\n",
              {480, 360 + 22 * static_cast<int>(tasks.optimizers.size())});
}

}  // namespace

bool write_report(const Tasks& tasks, const std::string& folder) {
  write_file(folder + "/ratios.csv", ratios_csv(tasks));
  bool drawn = draw_profile(tasks, folder, "profile", steps_ratio,
                            "steps to the target, in units of the fewest");
  drawn &= draw_profile(tasks, folder, "profile_time", time_ratio,
                        "processor seconds to the target, in units of the least");
  const std::string content =
      text(
          "<p>Each column is a comparison of its own: all optimizers tuned alike on that task. "
          "1.000 is the best; "
          "the colour is full from twice that on. Hatched at its left: undecided against ",
          escape(tasks.baseline), ".</p>\n") +
      heat_map(tasks, folder) +
      "<h2>Time to the target</h2>\n<p>The target is the validation metric of the baseline's "
      "median run. The "
      "profile is "
      "the share of tasks on which an optimizer gets there within so many times the fewest steps; "
      "the number "
      "above is its mean from 1 to 4. In time: the same of processor seconds, so that a rule "
      "whose steps cost more is charged for them.</p>\n" +
      figure(folder, "profile", "Performance profile over the tasks.") +
      figure(folder, "profile_time", "The same in processor seconds.") + costs(tasks) +
      "<p>All of it beside this page: <a href=ratios.csv>ratios.csv</a>; the runs beside the "
      "pages of the tasks.</p>\n";
  write_file(folder + "/report.html", page("Optimizers across tasks", content));
  return drawn;
}

}  // namespace across
