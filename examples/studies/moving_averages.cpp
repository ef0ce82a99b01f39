// Moving averages of two noisy signals, as SGD averages gradients: data, pictures and errors.
#include <algorithm>
#include <cmath>
#include <plumb/plumb.hpp>

#include "../support/arguments.hpp"
#include "../support/files.hpp"
#include "../support/gnuplot.hpp"
#include "../support/program.hpp"

using namespace plumb;
using optim::Averaging;
using optim::MovingAverage;

namespace {

struct Settings {
  std::string out = "moving_averages";
  std::int64_t draws = 10000;
  std::int64_t seed = 0;
};

// 1. What is averaged: a truth that is known, and noise that is drawn anew as often as wanted.
struct Model {
  const char* name;
  const char* title;
  double low, high;
  std::int64_t points;
  double (*truth)(double x);
  double (*noise)(Generator& random);

  double x(std::int64_t i) const {
    return low + (high - low) * static_cast<double>(i) / static_cast<double>(points - 1);
  }
  std::vector<double> truths() const {
    std::vector<double> all;
    for (std::int64_t i = 0; i < points; ++i) all.push_back(truth(x(i)));
    return all;
  }
  std::vector<double> draw(Generator& random) const {
    std::vector<double> all = truths();
    for (double& y : all) y += noise(random);
    return all;
  }
};

const Model models[] = {
    {"model_1", "Model 1: normal noise around 0.3", -4, 4, 200, [](double) { return 0.3; },
     [](Generator& random) { return random.normal(); }},
    {"model_2", "Model 2: cos x with uniform noise", -3, 3, 100,
     [](double x) { return std::cos(x); },
     [](Generator& random) { return 0.5 * random.uniform() - 0.25; }},
};

// 2. The averages: MovingAverage is the one that the debiased SGD keeps of each gradient.
constexpr double betas[] = {0.01, 0.5, 0.9, 0.99};

std::vector<MovingAverage> averages() {
  std::vector<MovingAverage> all = {MovingAverage::simple()};
  for (const double beta : betas) all.push_back(MovingAverage::exponential(beta));
  for (const double beta : betas) all.push_back(MovingAverage::debiased(beta));
  return all;
}

std::string name_of(const MovingAverage& average) {
  if (average.averaging() == Averaging::simple) return "simple";
  return errors::text(average.averaging() == Averaging::debiased ? "debiased " : "exponential ",
                      average.beta());
}

std::vector<double> follow(MovingAverage average, const std::vector<double>& values) {
  std::vector<double> all;
  for (const double value : values) {
    average.add(value);
    all.push_back(average.value());
  }
  return all;
}

// 3. How far an average is from the truth: (bias + noise)^2 = bias^2 + variance, where the bias is
// that of the mean over many draws.
struct Errors {
  double all = 0;       // mean squared error, over all points
  double bias = 0;      // what of it no further draws would remove: a low start, and the lag
  double variance = 0;  // and what they would
  double first = 0;     // mean squared error over the first 1 / (1 - beta) points
  double later = 0;     // and over those behind them
};

std::int64_t first_steps(const MovingAverage& average) {
  return std::llround(1 / (1 - average.beta()));
}

Errors measure(const Model& model, const MovingAverage& average, const Settings& settings) {
  const std::vector<double> truth = model.truths();
  std::vector<double> sum(truth.size()), squares(truth.size());
  Generator random(static_cast<std::uint64_t>(settings.seed), Stream::data);
  for (std::int64_t draw = 0; draw < settings.draws; ++draw) {
    const std::vector<double> values = follow(average, model.draw(random));
    for (std::size_t i = 0; i < truth.size(); ++i) {
      sum[i] += values[i] - truth[i];
      squares[i] += (values[i] - truth[i]) * (values[i] - truth[i]);
    }
  }
  const auto draws = static_cast<double>(settings.draws);
  const auto points = static_cast<double>(truth.size());
  const std::int64_t first = first_steps(average);
  Errors errors;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double error = squares[i] / draws, mean = sum[i] / draws;
    errors.all += error / points;
    errors.variance += (error - mean * mean) * draws / (draws - 1) / points;
    if (static_cast<std::int64_t>(i) < first)
      errors.first += error / static_cast<double>(first);
    else
      errors.later += error / (points - static_cast<double>(first));
  }
  errors.bias = std::max(errors.all - errors.variance, 0.0);
  return errors;
}

void print_errors(const Model& model, const Settings& settings) {
  std::printf("\n%s, %lld points: squared errors against the truth, means over %lld draws\n",
              model.title, static_cast<long long>(model.points),
              static_cast<long long>(settings.draws));
  std::printf("%-18s%10s  =%9s  +%9s%14s%10s\n", "average", "all", "bias^2", "variance",
              "1/(1-beta)", "later");
  std::vector<std::pair<double, std::string>> order;
  for (const MovingAverage& average : averages()) {
    const Errors errors = measure(model, average, settings);
    order.emplace_back(errors.all, name_of(average));
    std::printf("%-18s%10.4f%12.4f%12.4f", name_of(average).c_str(), errors.all, errors.bias,
                errors.variance);
    if (average.averaging() != Averaging::simple) {
      std::printf("%14.4f", errors.first);
      if (first_steps(average) < model.points) std::printf("%10.4f", errors.later);
    }
    std::puts("");
  }
  std::printf("least: %s\n", std::min_element(order.begin(), order.end())->second.c_str());
}

// 4. One draw as data and as a picture.
std::string csv(const Model& model, const std::vector<double>& values) {
  std::string out = "x,truth,value";
  std::vector<std::vector<double>> columns = {model.truths(), values};
  for (const MovingAverage& average : averages()) {
    out += "," + name_of(average);
    columns.push_back(follow(average, values));
  }
  for (std::int64_t i = 0; i < model.points; ++i) {
    out += errors::text("\n", model.x(i));
    for (const std::vector<double>& column : columns)
      out += errors::text(",", column[static_cast<std::size_t>(i)]);
  }
  return out + "\n";
}

// Columns of csv(): x, truth, value, simple, exponential in 5 to 8, debiased in 9 to 12.
std::string panel(const std::string& data, const char* title, int first_column) {
  std::string out =
      errors::text("set title '", title, "'\nplot '", data,
                   "' using 1:3 with points pt 7 ps 0.3 lc rgb '#8c8c8c' title 'values', '", data,
                   "' using 1:2 with lines ls 7 lw 3 title 'truth', '", data,
                   "' using 1:4 with lines ls 3 title 'simple'");
  const int styles[] = {6, 5, 1, 2};
  for (int i = 0; i < 4; ++i)
    out += errors::text(", '", data, "' using 1:", first_column + i, " with lines ls ", styles[i],
                        " title 'beta ", betas[i], "'");
  return out + "\n";
}

bool write_pictures(const Model& model, const Settings& settings) {
  Generator random(static_cast<std::uint64_t>(settings.seed), Stream::data);
  const std::string data = std::string(model.name) + ".csv";
  write_file(settings.out + "/" + data, csv(model, model.draw(random)));
  return draw(settings.out, model.name,
              errors::text(
                  "set terminal svg size 720,860 dynamic font 'sans-serif,14' background 'white'\n",
                  "set key bottom\n",  // titles stand above
                  "set multiplot layout 2,1 title '", model.title, "'\n",
                  panel(data, "exponential averages", 5), panel(data, "the same, debiased", 9),
                  "unset multiplot\n"));
}

int run(const Settings& settings) {
  make_folder(settings.out);
  bool drawn = true;
  for (const Model& model : models) drawn = write_pictures(model, settings) && drawn;
  for (const Model& model : models) print_errors(model, settings);
  std::printf("\nwritten to %s: model_1.csv and .gp, model_2.csv and .gp%s\n", settings.out.c_str(),
              drawn ? ", and pictures (.svg)" : "");
  if (!drawn) std::puts(without_gnuplot);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  arguments::App app("Averages two noisy signals as SGD averages gradients.", "moving_averages");
  app.add_option("--out", settings.out, "folder for data and pictures");
  app.add_option("--draws", settings.draws, "of the noise, over which errors are averaged")
      .whole_number(2, 1'000'000);
  app.add_option("--seed", settings.seed, "of the noise").whole_number(0, INT64_MAX);
  const int code = app.parse(argc, argv);
  if (code >= 0) return code;
  return run_program("moving_averages", [&] { return run(settings); });
}
