#include <algorithm>
#include <cmath>
#include <limits>
#include <plumb/core/runtime/error.hpp>

#include "../../support/files.hpp"
#include "../../support/gnuplot.hpp"
#include "report.hpp"

namespace comparison {
namespace {

using plumb::errors::text;

constexpr double not_reached = std::numeric_limits<double>::infinity();

std::int64_t number(std::size_t i) { return static_cast<std::int64_t>(i); }

// "plot 'NAME_0.csv' ... title 'sgd', 'NAME_1.csv' ...": `what` for each optimizer, its line style
// and label filled in for # and @.
std::string plot_each(const Plan& plan, const std::string& name,
                      const std::vector<std::string>& what) {
  std::string out = "plot ";
  for (const std::string& layer : what)
    for (std::size_t i = 0; i < plan.optimizers.size(); ++i) {
      out += (out.size() > 5 ? ", '" : "'") + name + "_" + std::to_string(i) + ".csv' ";
      for (const char c : layer)
        if (c == '#')
          out += std::to_string(line_style(i));
        else if (c == '@')
          out += plan.optimizers[i].label();
        else
          out += c;
    }
  return out + "\n";
}

// Over the evaluation runs: step, seconds, quartiles and median of the validation loss, share that reached
// the target.
std::string curve_csv(const Outcome& outcome, double target) {
  std::string out = "step,seconds,lower_quartile,median,upper_quartile,reached\n";
  const std::vector<const RunResult*> runs = outcome.runs();
  std::size_t points = 0;
  for (const RunResult* run : runs) points = std::max(points, run->points.size());
  for (std::size_t i = 0; i < points; ++i) {
    Values losses, seconds;
    std::int64_t step = 0;
    double reached = 0;
    for (const RunResult* run : runs) {
      // What diverged has no finite loss from there on.
      const bool there = i < run->points.size();
      losses.push_back(there ? run->points[i].validation.loss : not_reached);
      if (there) seconds.push_back(run->points[i].seconds);
      if (there) step = run->points[i].step;
    }
    for (const RunResult* run : runs) {
      const Point* first = run->reached(target);
      reached += first != nullptr && first->step <= step ? 1 : 0;
    }
    out +=
        text(step, ",", median(seconds), ",", quantile(losses, 0.25), ",", median(losses), ",",
             quantile(losses, 0.75), ",", 100 * reached / static_cast<double>(runs.size()), "\n");
  }
  return out;
}

// Of all studies, ascending in what `lr_of` says of a configuration.
template <class F>
std::string trials_csv(const Outcome& outcome, F lr_of) {
  std::vector<std::pair<double, const Trial*>> trials;
  for (const Study& study : outcome.studies)
    for (const Trial& trial : study.trials) trials.emplace_back(lr_of(trial.configuration), &trial);
  std::stable_sort(trials.begin(), trials.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out = "lr,metric,diverged\n";
  for (const auto& [lr, trial] : trials)
    out += text(lr, ",", trial->metric, ",", trial->diverged > 0 ? text(trial->metric) : "", "\n");
  return out;
}

// What is measured inside of runs.
struct Inside {
  const char *name, *axis, *settings;
  double Insight::*value;
  std::int64_t column;  // of insights_csv
};
constexpr const char* of_any_size = "set logscale y\nset format y '%.0e'\n";
constexpr Inside inside[] = {
    {"inside_gradient", "norm of the gradient", of_any_size, &Insight::gradient, 2},
    {"inside_update", "norm of the update", of_any_size, &Insight::update, 3},
    {"inside_cosine", "cosine of two updates", "set yrange [-1:1]\n", &Insight::cosine, 4},
    {"inside_noise", "gradient noise scale", of_any_size, &Insight::noise, 5},
    {"inside_sharpness", "sharpness", of_any_size, &Insight::sharpness, 6},
};

// gnuplot takes a picture without any point for an error.
bool has_points(const Inside& what, const Results& results) {
  for (const std::vector<Insight>& run : results.insights)
    for (const Insight& insight : run) {
      const double value = insight.*what.value;
      if (std::isfinite(value) && (value > 0 || what.settings != of_any_size)) return true;
    }
  return false;
}

std::string expected_csv(const Row& row) {
  std::string out = "trials,metric\n";
  for (std::size_t k = 0; k < row.expected.size(); ++k)
    out += text(number(k + 1), ",", row.expected[k], "\n");
  return out;
}

std::string differences_csv(const Summary& summary) {
  std::string out = "place,mean,low,high,label\n";
  for (std::size_t i = 0; i < summary.differences.size(); ++i) {
    const Difference& d = summary.differences[i];
    out += text(number(summary.differences.size() - i), ",", d.mean, ",", d.interval.low, ",",
                d.interval.high, ",", d.label, "\n");
  }
  return out;
}

std::string pairs_csv(const Summary& summary) {
  std::string out = "place,difference\n";
  for (std::size_t i = 0; i < summary.differences.size(); ++i)
    for (const double value : summary.differences[i].values)
      out += text(number(summary.differences.size() - i), ",", value, "\n");
  return out;
}

bool tuning_diverged(const Outcome& outcome) {
  for (const Study& study : outcome.studies)
    for (const Trial& trial : study.trials)
      if (trial.diverged > 0) return true;
  return false;
}

std::string sensitivity_script(const Task& task, const Plan& plan, const Results& results,
                               LrAxis axis) {
  std::string plots;
  for (std::size_t i = 0; i < plan.optimizers.size(); ++i) {
    const std::string data = text("'trials_", number(i), ".csv' using 1:");
    const std::string ls = text(" ls ", std::int64_t{line_style(i)});
    // Trials that differ in more than lr are on no line.
    const std::size_t dimensions = plan.optimizers[i].space().size();
    if (dimensions > 0)
      plots += text(plots.empty() ? "" : ", ", data, "2 with ",
                    dimensions == 1 ? "linespoints" : "points", ls, " title '",
                    plan.optimizers[i].label(), "'");
    if (tuning_diverged(results.outcomes[i]))
      plots += text(", ", data, "3 with points", ls, " pt 2 ps 1.2 notitle");
  }
  return text("set xlabel '", axis == LrAxis::effective ? "effective lr" : "lr",
              "'\nset logscale x\nset format x '%g'\nset ylabel 'validation ", task.metric, "'\n",
              task.classes ? "" : logarithmic_y, "plot ", plots, "\n");
}

// Of the pictures that have no room for a key of their own.
bool draw_key(const Plan& plan, const std::string& folder) {
  std::size_t longest = 0;
  for (const OptimizerSpec& optimizer : plan.optimizers)
    longest = std::max(longest, optimizer.label().size());
  const PictureSize size{std::max(360, 90 + 8 * static_cast<int>(longest)),
                         40 + 23 * static_cast<int>(plan.optimizers.size())};
  return draw(folder, "inside_key",
              "set xrange [0:1]\nset yrange [0:1]\nunset border\nunset tics\n"
              "set key at screen 0.97, screen 0.95 top right vertical\n" +
                  plot_each(plan, "curve", {"using (NaN):(NaN) with linespoints ls # title '@'"}),
              size);
}

// 1, 2 or 5 times a power of ten, of which some four lie in a range.
double tic_distance(double range) {
  const double power = std::pow(10, std::floor(std::log10(range / 4)));
  const double times = range / 4 / power;
  return power * (times < 1.5 ? 1 : times < 3.5 ? 2 : times < 7.5 ? 5 : 10);
}

std::string differences_script(const Summary& summary) {
  double low = 0, high = 0;
  for (const Difference& d : summary.differences) {
    low = std::min(low, *std::min_element(d.values.begin(), d.values.end()));
    high = std::max(high, *std::max_element(d.values.begin(), d.values.end()));
  }
  const double margin = high > low ? (high - low) / 20 : 1;
  std::string tics;
  for (std::size_t i = 0; i < summary.differences.size(); ++i)
    tics += text(i == 0 ? "" : ", ", "'", summary.differences[i].label, "' ",
                 number(summary.differences.size() - i));
  // gnuplot takes letters for wider than they are, and would leave the points no room.
  std::size_t longest = 0;
  for (const Difference& d : summary.differences) longest = std::max(longest, d.label.size());
  const double left = std::min(0.6, 0.07 + 0.016 * static_cast<double>(longest));
  return text("set lmargin at screen ", left, "\nset xlabel 'difference of the test ",
              summary.metric, "'\n", "unset key\nset ytics (", tics,
              ")\nset yrange [0.5:", number(summary.differences.size()), ".5]\nset xrange [",
              low - margin, ":", high + margin, "]\nset xtics ",
              tic_distance(high - low + 2 * margin), "\n",
              "set arrow from 0,graph 0 to 0,graph 1 nohead dt 2 lc rgb '#8c8c8c'\n",
              "plot 'pairs.csv' using 2:1 with points pt 7 ps 0.4 lc rgb '#8c8c8c', ",
              "'differences.csv' using 2:1:3:4 with xerrorbars ls 1 pt 7 ps 0.8\n");
}

}  // namespace

bool draw_pictures(const Task& task, const Plan& plan, const Results& results,
                   const Summary& summary, LrAxis axis, const std::string& folder) {
  const std::string pictures = folder + "/pictures";
  make_folder(pictures);
  bool searched = false;
  for (std::size_t i = 0; i < plan.optimizers.size(); ++i) {
    const std::string end = "_" + std::to_string(i) + ".csv";
    write_file(pictures + "/curve" + end, curve_csv(results.outcomes[i], summary.target));
    const OptimizerSpec& optimizer = plan.optimizers[i];
    const auto place = [&](const Configuration& configuration) {
      return axis == LrAxis::effective ? optimizer.effective_lr(configuration) : configuration.lr;
    };
    write_file(pictures + "/trials" + end, trials_csv(results.outcomes[i], place));
    write_file(pictures + "/expected" + end, expected_csv(summary.rows[i]));
    write_file(pictures + "/inside" + end, insights_csv(results.insights[i]));
    searched = searched || optimizer.searched();
  }
  const std::string loss =
      text("set ylabel 'validation loss'\n", logarithmic_y, "set autoscale yfix\n",
           // Many bands that overlap are a fog.
           plan.optimizers.size() > 4 ? "set style fill transparent solid 0.07 noborder\n" : "");
  const auto curves = [&](const std::string& x) {
    return plot_each(plan, "curve",
                     {"using " + x + ":3:5 with filledcurves ls # notitle",
                      "using " + x + ":4 with linespoints ls # pn 8 title '@'"});
  };
  // Long labels stand one below the other, which must not take the height from the curves.
  const int height = 360 + 22 * static_cast<int>(plan.optimizers.size());
  const int differences_height = 100 + 40 * static_cast<int>(summary.differences.size());
  const auto picture = [&](const char* name, const std::string& commands) {
    return draw(pictures, name, commands, {480, height});
  };
  bool drawn = picture("curves_steps", "set xlabel 'steps'\n" + loss + curves("1"));
  drawn &= picture("curves_seconds",
                   "set xlabel 'processor seconds in training'\n" + loss + curves("2"));
  drawn &= picture(
      "reached", "set xlabel 'steps'\nset ylabel '% of seeds'\nset yrange [-5:105]\n" +
                     plot_each(plan, "curve", {"using 1:6 with linespoints ls # pn 8 title '@'"}));
  if (searched) {
    drawn &= picture("sensitivity", sensitivity_script(task, plan, results, axis));
    drawn &= picture(
        "expected",
        text("set xlabel 'trials'\nset ylabel 'expected best, validation ", task.metric, "'\n",
             task.classes ? "" : logarithmic_y,
             plot_each(plan, "expected", {"using 1:2 with linespoints ls # pn 8 title '@'"})));
  }
  bool looked = false;
  for (const Inside& each : inside) {
    if (!has_points(each, results)) continue;
    const std::string curve = text("using 1:", each.column, " with linespoints ls #");
    drawn &= draw(pictures, each.name,
                  text("unset key\nset xlabel 'steps'\nset ylabel '", each.axis, "'\n",
                       each.settings, plot_each(plan, "inside", {curve})),
                  {360, 260});
    looked = true;
  }
  if (looked) drawn &= draw_key(plan, pictures);
  if (!summary.differences.empty()) {
    write_file(pictures + "/differences.csv", differences_csv(summary));
    write_file(pictures + "/pairs.csv", pairs_csv(summary));
    drawn &= draw(pictures, "differences", differences_script(summary), {480, differences_height});
  }
  return drawn;
}

}  // namespace comparison
