// What the batch size does: accuracy, steps and time, at equal epochs and at equal steps.
#include <algorithm>
#include <cmath>
#include <plumb/plumb.hpp>

#include "comparison/noise_scale.hpp"
#include "comparison/run.hpp"
#include "comparison/statistics.hpp"
#include "support/arguments.hpp"
#include "support/files.hpp"
#include "support/gnuplot.hpp"
#include "support/program.hpp"

using namespace plumb;
using namespace comparison;

namespace {

struct Settings {
  TaskOptions task;
  std::string optimizer = "sgd:momentum=0.9,debias=1";
  std::vector<std::int64_t> batch_sizes = {1, 8, 64, 512, 4096, 32768};
  double lr = 0.3;
  std::int64_t base = 64;  // the batch size at which lr is what it says
  std::int64_t epochs = 2, steps = 100, seeds = 10;
  double target = 10;
  double memory_limit = 0;  // MB; 0: none
  std::int64_t threads = 0;
  std::string out = "batch_size";
};

// 1. What is varied: the batch size, what is held equal, and how lr follows the batch size.
constexpr const char* lengths[] = {"epochs", "steps"};

struct Scaling {
  const char* name;
  double power;  // lr (batch size / base)^power
};
constexpr Scaling scalings[] = {{"linear", 1}, {"sqrt", 0.5}, {"none", 0}};

struct Cell {
  const char* length;
  Scaling scaling;
  double lr;
  Training training;
  std::vector<RunResult> runs;  // one for each seed
};

// The largest part of the batch that divides it and stays within the limit.
std::int64_t part_within(double megabytes, std::int64_t batch_size, std::int64_t sample_bytes) {
  if (megabytes == 0) return 0;
  const auto limit = static_cast<std::int64_t>(megabytes * 1e6) / sample_bytes;
  if (limit < 1)
    fail("batch_size", "one sample takes ", sample_bytes, " bytes, the memory limit is ", megabytes,
         " MB");
  std::int64_t part = std::min(limit, batch_size);
  while (batch_size % part != 0) --part;
  return part < batch_size ? part : 0;
}

std::vector<Cell> make_cells(const Settings& settings, const Task& task,
                             std::int64_t sample_bytes) {
  std::vector<Cell> cells;
  for (const char* length : lengths)
    for (const Scaling& scaling : scalings)
      for (const std::int64_t batch_size : settings.batch_sizes) {
        Cell cell{length, scaling, 0, {}, {}};
        cell.lr = settings.lr *
                  std::pow(static_cast<double>(batch_size) / static_cast<double>(settings.base),
                           scaling.power);
        cell.training.batch_size = batch_size;
        cell.training.micro_batch = part_within(settings.memory_limit, batch_size, sample_bytes);
        const std::int64_t batches = (task.train->size() - 1) / batch_size + 1;
        cell.training.steps = length == lengths[0] ? settings.epochs * batches : settings.steps;
        cell.training.evaluations = 20;
        cell.runs.resize(static_cast<std::size_t>(settings.seeds));
        cells.push_back(cell);
      }
  return cells;
}

// 2. All runs, side by side.
void run_cells(std::vector<Cell>& cells, const Settings& settings, const Task& task,
               const StopRequest& stop) {
  const OptimizerSpec optimizer = OptimizerSpec::parse(settings.optimizer);
  const auto count = static_cast<std::int64_t>(cells.size()) * settings.seeds;
  parallel_for(count, 1, [&](std::int64_t i, std::int64_t) {
    Cell& cell = cells[static_cast<std::size_t>(i / settings.seeds)];
    const auto seed = static_cast<std::uint64_t>(i % settings.seeds);
    cell.runs[seed] = train(task, optimizer, {Stage::evaluation, 0, cell.lr, seed}, cell.training,
                            [&] { return !stop.requested(); });
  });
}

// 3. The noise scale along a run at the base batch size.
struct NoisePoint {
  std::int64_t step;
  std::vector<double> gradient, noise;  // of every seed
};

std::vector<NoisePoint> measure_noise_along(const Settings& settings, const Task& task) {
  const OptimizerSpec spec = OptimizerSpec::parse(settings.optimizer);
  const std::int64_t steps = settings.epochs * ((task.train->size() - 1) / settings.base + 1);
  std::vector<NoisePoint> points;
  for (std::int64_t step = 0; step < steps; step = std::max<std::int64_t>(4, 2 * step))
    points.push_back({step, {}, {}});
  points.push_back({steps, {}, {}});
  for (NoisePoint& point : points) {
    point.gradient.resize(static_cast<std::size_t>(settings.seeds));
    point.noise = point.gradient;
  }
  parallel_for(settings.seeds, 1, [&](std::int64_t i, std::int64_t) {
    const auto seed = static_cast<std::uint64_t>(i);
    Generator random(seed, Stream::init);
    const auto model = task.make_model(random);
    const auto optimizer = spec.make(model->parameters(), settings.lr);
    data::LoaderOptions options;
    options.batch_size = settings.base;
    options.shuffle = true;
    options.seed = seed;
    data::DataLoader loader(task.train, options);
    NoiseOptions noise;
    noise.seed = seed;
    std::int64_t step = 0;
    auto next = points.begin();
    const auto measure = [&] {
      const NoiseScale scale = measure_noise(task, *model, noise);
      next->gradient[seed] = scale.gradient;
      next->noise[seed] = scale.noise;
      ++next;
    };
    measure();
    while (next != points.end())
      for (const data::Batch& batch : loader) {
        const Variable loss = task.loss((*model)(batch.x), batch);
        optimizer->zero_grad();
        loss.backward();
        optimizer->step();
        if (++step == next->step) measure();
        if (next == points.end()) break;
      }
  });
  return points;
}

// 4. What came of it.
struct Figures {
  std::int64_t batch_size, steps;
  double lr, error;
  Interval interval;
  double hits, target_steps, target_seconds, rate;
  std::int64_t diverged;
};

Figures figures_of(const Cell& cell, double target) {
  Figures f{};
  f.batch_size = cell.training.batch_size;
  f.steps = cell.training.steps;
  f.lr = cell.lr;
  Values errors, steps, seconds, rates;
  for (const RunResult& run : cell.runs) {
    errors.push_back(run.test.metric);
    const Point* reached = run.reached(target);
    f.hits += reached != nullptr ? 1.0 / static_cast<double>(cell.runs.size()) : 0;
    steps.push_back(reached != nullptr ? static_cast<double>(reached->step) : INFINITY);
    seconds.push_back(reached != nullptr ? reached->seconds : INFINITY);
    if (!run.diverged)
      rates.push_back(static_cast<double>(run.points.back().samples) / run.points.back().seconds);
    f.diverged += run.diverged ? 1 : 0;
  }
  f.error = mean(errors);
  f.interval = student_interval(errors);
  f.target_steps = median(steps);
  f.target_seconds = median(seconds);
  f.rate = median(rates);  // NaN where all diverged
  return f;
}

void print_cells(const std::vector<Cell>& cells, const Settings& settings, const Task& task) {
  const Cell* before = nullptr;
  for (const Cell& cell : cells) {
    if (before == nullptr || before->length != cell.length ||
        before->scaling.power != cell.scaling.power)
      std::printf("\nequal %s, lr scaling %s\n%8s %9s %8s  %-25s %5s %9s %9s %10s\n", cell.length,
                  cell.scaling.name, "batch", "lr", "steps",
                  (task.metric + " of the test set").c_str(), "hits", "steps to", "s to",
                  "samples/s");
    before = &cell;
    const Figures f = figures_of(cell, settings.target);
    char error[64];
    std::snprintf(error, sizeof error, "%.4g [%.4g, %.4g]", f.error, f.interval.low,
                  f.interval.high);
    std::printf("%8lld %9.3g %8lld  %-25s %4.0f%% %9.0f %9.3g %10.0f%s%s\n",
                static_cast<long long>(f.batch_size), f.lr, static_cast<long long>(f.steps), error,
                100 * f.hits, f.target_steps, f.target_seconds, f.rate,
                f.diverged > 0 ? text("  ", f.diverged, " diverged").c_str() : "",
                cell.training.micro_batch > 0
                    ? text("  in parts of ", cell.training.micro_batch).c_str()
                    : "");
  }
}

void print_noise(const std::vector<NoisePoint>& points, const Settings& settings) {
  std::printf(
      "\ngradient noise scale at batch size %lld (McCandlish et al. 2018), means over seeds\n"
      "%8s %12s %12s %10s\n",
      static_cast<long long>(settings.base), "step", "|G|^2", "noise", "samples");
  for (const NoisePoint& point : points)
    std::printf("%8lld %12.4g %12.4g %10.0f\n", static_cast<long long>(point.step),
                mean(point.gradient), mean(point.noise),
                NoiseScale{mean(point.gradient), mean(point.noise)}.samples());
}

// 5. Data and pictures.
void write_cells(const std::vector<Cell>& cells, const Settings& settings) {
  for (const char* length : lengths)
    for (const Scaling& scaling : scalings) {
      std::string csv =
          "batch_size,lr,steps,error,error_low,error_high,hits,steps_to_target,seconds_to_target,"
          "samples_per_second,diverged\n";
      for (const Cell& cell : cells) {
        if (cell.length != length || cell.scaling.power != scaling.power) continue;
        const Figures f = figures_of(cell, settings.target);
        csv += text(f.batch_size, ",", f.lr, ",", f.steps, ",", f.error, ",", f.interval.low, ",",
                    f.interval.high, ",", f.hits, ",", f.target_steps, ",", f.target_seconds, ",",
                    f.rate, ",", f.diverged, "\n");
      }
      write_file(text(settings.out, "/", length, "_", scaling.name, ".csv"), csv);
    }
}

void write_noise(const std::vector<NoisePoint>& points, const Settings& settings) {
  std::string csv = "step,gradient,noise,noise_scale\n";
  for (const NoisePoint& point : points) {
    const NoiseScale scale{mean(point.gradient), mean(point.noise)};
    csv += text(point.step, ",", scale.gradient, ",", scale.noise, ",", scale.samples(), "\n");
  }
  write_file(settings.out + "/noise_scale.csv", csv);
}

std::string plot_scalings(const char* length, const std::string& ylabel,
                          const std::string& columns) {
  std::string out = "set xlabel 'batch size, at equal " + std::string(length) +
                    "'\nset logscale x 2\nset ylabel '" + ylabel + "'\nplot ";
  for (int i = 0; i < 3; ++i)
    out += text(i == 0 ? "'" : ", '", length, "_", scalings[i].name, ".csv' using ", columns,
                " with linespoints ls ", i + 1, " pt 7 ps 0.5 title 'lr ", scalings[i].name, "'");
  return out + "\n";
}

bool draw_all(const Settings& settings, const Task& task) {
  bool drawn = true;
  const std::string logarithmic = "set logscale y\n";
  for (const char* length : lengths) {
    const auto picture = [&](const char* name, const std::string& before, const char* ylabel,
                             const char* columns) {
      drawn &= draw(settings.out, text(name, "_", length),
                    before + plot_scalings(length, ylabel, columns));
    };
    picture("error", logarithmic, ("test " + task.metric).c_str(), "1:4");
    picture("steps_to_target", logarithmic, "steps to the target", "1:8");
    picture("seconds_to_target", logarithmic, "processor seconds to the target", "1:9");
    picture("samples_per_second", logarithmic, "samples per second", "1:10");
  }
  drawn &= draw(settings.out, "noise_scale",
                "set xlabel 'step'\nset logscale xy\nset ylabel 'gradient noise scale, samples'\n"
                "unset key\nplot 'noise_scale.csv' using ($1 > 0 ? $1 : 1):4 with linespoints ls 1 "
                "pt 7 ps 0.5\n");
  return drawn;
}

int run(const Settings& settings) {
  const StopRequest stop;
  if (settings.threads > 0) set_num_threads(static_cast<int>(settings.threads));
  make_folder(settings.out);
  const Task task = make_task(settings.task);
  Generator random(0);
  const std::int64_t sample_bytes = bytes_per_sample(task, *task.make_model(random));
  std::vector<Cell> cells = make_cells(settings, task, sample_bytes);
  std::printf(
      "%s, %lld samples; %s, lr %g at batch size %lld; %lld seeds; target: validation %s of "
      "%g\n",
      task.name.c_str(), static_cast<long long>(task.train->size()),
      OptimizerSpec::parse(settings.optimizer).description().c_str(), settings.lr,
      static_cast<long long>(settings.base), static_cast<long long>(settings.seeds),
      task.metric.c_str(), settings.target);
  std::fflush(stdout);
  try {
    run_cells(cells, settings, task, stop);
  } catch (const Stopped&) {
    std::fprintf(stderr, "batch_size: stopped by a signal\n");
    return stop.exit_code();
  }
  print_cells(cells, settings, task);
  write_cells(cells, settings);
  const std::vector<NoisePoint> noise = measure_noise_along(settings, task);
  print_noise(noise, settings);
  write_noise(noise, settings);
  const bool drawn = draw_all(settings, task);
  std::printf("\nwritten to %s: tables (.csv)%s\n", settings.out.c_str(),
              drawn ? " and pictures (.svg)" : "");
  if (!drawn) std::puts(without_gnuplot);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using arguments::real_number;
  using arguments::whole_number;
  Settings settings;
  settings.task.samples = 40'000;
  CLI::App app("Trains with batches of many sizes, at equal epochs and at equal steps.",
               "batch_size");
  app.option_defaults()->always_capture_default();
  app.add_option("--task", settings.task.name, "what is learnt")->check(CLI::IsMember(task_names));
  app.add_option("--data", settings.task.data,
                 "of mlp and lenet: 'synthetic', or a folder with the MNIST files");
  app.add_option("--samples", settings.task.samples, "to train on; MNIST has 50000")
      ->check(whole_number(1, 10'000'000));
  app.add_option("--optimizer", settings.optimizer, "RULE[:NAME=VALUE,...]");
  app.add_option("--batch-sizes", settings.batch_sizes, "samples in a step, several")
      ->delimiter(',')
      ->check(whole_number(1, 1'000'000));
  app.add_option("--lr", settings.lr, "learning rate at the base batch size")
      ->check(real_number(1e-12, 1e6));
  app.add_option("--base", settings.base, "batch size for which lr is right")
      ->check(whole_number(1, 1'000'000));
  app.add_option("--epochs", settings.epochs, "of the runs at equal epochs")
      ->check(whole_number(1, 100'000));
  app.add_option("--steps", settings.steps, "of the runs at equal steps")
      ->check(whole_number(1, 1'000'000'000));
  app.add_option("--seeds", settings.seeds, "runs of each")->check(whole_number(2, 1000));
  app.add_option("--target", settings.target, "validation metric to reach")
      ->check(real_number(0, 1e9));
  app.add_option(
         "--memory-limit", settings.memory_limit,
         "MB for the samples of a step; larger batches go in parts whose gradients add up; 0: "
         "none")
      ->check(real_number(0, 1e9));
  app.add_option("--threads", settings.threads, "runs at once; 0: as many as processors")
      ->check(whole_number(0, 1024));
  app.add_option("--out", settings.out, "folder for data and pictures");
  const int code =
      arguments::parse(app, argc, argv, [&] { OptimizerSpec::parse(settings.optimizer); });
  if (code >= 0) return code;
  return run_program("batch_size", [&] { return run(settings); });
}
