// What the batch size does: accuracy, steps and time, at equal epochs and at equal steps.
#include <algorithm>
#include <plumb/plumb.hpp>

#include "../support/arguments.hpp"
#include "../support/files.hpp"
#include "../support/gnuplot.hpp"
#include "../support/program.hpp"
#include "batch_study/figures.hpp"
#include "batch_study/noise.hpp"
#include "comparison/manifest.hpp"
#include "comparison/summary.hpp"

using namespace plumb;
using namespace batch_study;

namespace {

struct Place {
  std::int64_t threads = 0;
  std::string out = "batch_size";
  bool anyway = false;
};

void refuse_repeated(const std::vector<std::int64_t>& sizes) {
  for (auto size = sizes.begin(); size != sizes.end(); ++size)
    if (std::find(sizes.begin(), size, *size) != size)
      errors::fail("batch_size", "batch size ", *size, " is there twice");
}

// The lr of a text is ignored: --lr has it.
void refuse_searched(const comparison::OptimizerSpec& optimizer, const std::string& text) {
  for (const comparison::Dimension& dimension : optimizer.space())
    if (dimension.name != "lr")
      errors::fail("batch_size", "searches nothing; '", text, "' has a range of ", dimension.name);
}

std::string why_no_verdict(const Settings& settings) {
  return comparison::why_undecided(settings.seeds, comparisons_of(settings), alpha);
}

// The settings that decide the numbers, as --manifest reads them, and whether they are no evidence.
std::string configuration(const Settings& settings) {
  std::string sizes;
  for (const std::int64_t size : settings.batch_sizes)
    sizes += errors::text(sizes.empty() ? "" : ",", size);
  return errors::text("task=\"", settings.task.name, "\"\ndata=\"", settings.task.data,
                      "\"\nsamples=", settings.task.samples, "\noptimizer=\"", settings.optimizer,
                      "\"\nbatch-sizes=[", sizes, "]\nlr=", settings.lr, "\nbase=", settings.base,
                      "\nepochs=", settings.epochs, "\nsteps=", settings.steps,
                      "\nseeds=", settings.seeds, "\nevaluations=", settings.evaluations,
                      "\ntarget=", settings.target, "\nmemory-limit=", settings.memory_limit, "\n",
                      why_no_verdict(settings).empty() ? "" : "anyway=true\n");
}

// Why this is no evidence. Throws where no verdict can come of it and nobody said "anyway".
std::vector<std::string> caveats(const Settings& settings, const Place& place) {
  const std::string why = why_no_verdict(settings);
  if (why.empty()) return {};
  if (!place.anyway) errors::fail("batch_size", why, ", or --anyway");
  return {why};
}

int run(const Settings& settings, const Place& place) {
  const StopRequest stop;
  const std::vector<std::string> no_evidence = caveats(settings, place);
  if (place.threads > 0) set_num_threads(static_cast<int>(place.threads));
  make_folder(place.out);
  const comparison::Task task = comparison::make_task(settings.task);
  std::vector<Cell> cells = make_cells(settings, task);
  comparison::claim_folder(
      place.out, comparison::manifest(configuration(settings), comparison::data_hash(task)));
  std::printf(
      "%s, %lld samples; %s, lr %g at batch size %lld; %lld seeds; target: validation %s of %g\n",
      task.name.c_str(), static_cast<long long>(task.train->size()), settings.optimizer.c_str(),
      settings.lr, static_cast<long long>(settings.base), static_cast<long long>(settings.seeds),
      task.metric.c_str(), settings.target);
  std::fflush(stdout);
  try {
    const auto seeds = static_cast<double>(settings.seeds);
    PlanProgress progress(static_cast<std::int64_t>(cells.size() + 1) * settings.seeds,
                          work_of(cells, settings, task) + seeds * noise_work(settings, task));
    run_cells(cells, settings, task, place.out, progress, stop);
    const std::vector<NoisePoint> noise = measure_noise_along(settings, task, progress, stop);
    for (const std::string& each : no_evidence) std::printf("! %s\n", each.c_str());
    std::fputs(to_text(cells, settings, task).c_str(), stdout);
    std::fputs(noise_text(noise, settings).c_str(), stdout);
    std::fputs(times_text(cells, settings).c_str(), stdout);
    write_tables(cells, settings, place.out);
    write_file(place.out + "/noise_scale.csv", noise_csv(noise));
  } catch (const comparison::Stopped&) {
    std::fprintf(stderr, "batch_size: stopped by a signal; the same command goes on\n");
    return stop.exit_code();
  }
  const bool drawn = draw_pictures(cells, settings, task, place.out);
  write_report(cells, settings, task, no_evidence, place.out);
  std::printf("\nwritten to %s: report.html, tables (.csv)%s\n", place.out.c_str(),
              drawn ? " and pictures (.svg)" : "");
  if (!drawn) std::puts(without_gnuplot);
  return 0;
}

void add_options(arguments::App& app, Settings& settings) {
  app.add_option("--task", settings.task.name, "what is learnt").one_of(comparison::task_names);
  app.add_option("--data", settings.task.data,
                 "'synthetic', or files: a folder with MNIST (mlp, lenet, cnn, vae), a text (text, "
                 "gpt), a folder of WAV files, FASTA, CSV (table, regression)");
  app.add_option("--samples", settings.task.samples, "to train on; MNIST has 50000")
      .whole_number(1, 10'000'000);
  app.add_option("--optimizer", settings.optimizer, "RULE[:NAME=VALUE,...]");
  app.add_option("--batch-sizes", settings.batch_sizes, "samples in a step, several")
      .delimiter(',')
      .whole_number(1, 1'000'000);
  app.add_option("--lr", settings.lr, "learning rate at the base batch size")
      .real_number(1e-12, 1e6);
  app.add_option("--base", settings.base, "batch size for which lr is right")
      .whole_number(1, 1'000'000);
  app.add_option("--epochs", settings.epochs, "of the runs at equal epochs")
      .whole_number(1, 100'000);
  app.add_option("--steps", settings.steps, "of the runs at equal steps")
      .whole_number(1, 1'000'000'000);
  app.add_option("--seeds", settings.seeds, "runs of each").whole_number(2, 64);
  app.add_option("--evaluations", settings.evaluations, "on the validation set along a run")
      .whole_number(1, 10'000);
  app.add_option("--target", settings.target, "validation metric to reach").real_number(0, 1e9);
  app.add_option(
         "--memory-limit", settings.memory_limit,
         "MB for the samples of a step; larger batches go in parts whose gradients add up; 0: "
         "none")
      .real_number(0, 1e9);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  Place place;
  arguments::App app("Trains with batches of many sizes, at equal epochs and at equal steps.",
                     "batch_size");
  add_options(app, settings);
  app.add_option("--threads", place.threads, "runs at once; 0: as many as processors")
      .whole_number(0, 1024)
      .not_in_manifests();
  app.add_option("--out", place.out,
                 "folder for data and pictures; a study that was stopped goes on where its folder "
                 "is")
      .not_in_manifests();
  app.add_flag("--anyway", place.anyway, "run what can give no verdict; every page says so");
  app.add_manifest("--manifest", "repeat the study that this manifest.ini describes");
  const int code = app.parse(argc, argv, [&] {
    refuse_searched(comparison::OptimizerSpec::parse(settings.optimizer), settings.optimizer);
    refuse_repeated(settings.batch_sizes);
  });
  if (code >= 0) return code;
  return run_program("batch_size", [&] { return run(settings, place); });
}
