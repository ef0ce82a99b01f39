// Compares optimizers: each tuned alike, run over the same seeds, judged against a baseline.
#include <algorithm>
#include <plumb/plumb.hpp>

#include "../support/arguments.hpp"
#include "../support/files.hpp"
#include "../support/gnuplot.hpp"
#include "../support/program.hpp"
#include "comparison/manifest.hpp"
#include "comparison/report.hpp"

using namespace plumb;
using namespace comparison;

namespace {

struct Settings {
  TaskOptions task;
  std::vector<std::string> optimizers = {"sgd:momentum=0.9", "sgd:momentum=0.9,debias=1",
                                         "sgd:momentum=0.9,nesterov=1", "sgd", "adam"};
  std::string baseline;  // a label; empty: the first
  std::int64_t batch_size = 64, epochs = 2, steps = 0, warm_up = 0;
  std::string search = "space";
  std::int64_t studies = 3, trials = 12, tuning_seeds = 1;
  std::int64_t seeds = 10, first_seed = 0, evaluations = 10, looks = 8;
  std::optional<double> target;
  double alpha = 0.02;
  std::int64_t threads = 0;
  std::string out = "comparison";
  bool smoke = false, anyway = false, effective_lr = false;
  bool made_small = false;  // by --smoke, now or when the manifest was written
  std::int64_t format = 0;  // of the manifest that was read; 0: none or one without studies
};

// Of manifests; the first had no studies of tuning.
constexpr std::int64_t manifest_format = 2;

// What takes a few seconds and has every part of a comparison.
void make_small(Settings& settings) {
  settings.made_small = true;
  settings.task.samples = 2000;
  settings.optimizers.resize(std::min<std::size_t>(settings.optimizers.size(), 3));
  settings.studies = 2;
  settings.trials = 4;
  settings.seeds = 8;
  settings.epochs = 2;
  settings.evaluations = 4;
}

std::string why_no_verdict(const Settings& settings) {
  return why_undecided(settings.seeds, settings.optimizers.size() - 1, settings.alpha);
}

// The settings that decide the numbers, as --manifest reads them, and those that say that the numbers
// are no evidence.
std::string configuration(const Settings& settings) {
  std::string optimizers;
  for (const std::string& optimizer : settings.optimizers)
    optimizers += errors::text(optimizers.empty() ? "" : ", ", "\"", optimizer, "\"");
  return errors::text("format=", manifest_format, "\ntask=\"", settings.task.name, "\"\ndata=\"",
                      settings.task.data, "\"\nsamples=", settings.task.samples,
                      "\nbatch-size=", settings.batch_size, "\nepochs=", settings.epochs,
                      "\nsteps=", settings.steps, "\nwarm-up=", settings.warm_up, "\noptimizer=[",
                      optimizers, "]\nbaseline=\"", settings.baseline, "\"\nsearch=\"",
                      settings.search, "\"\nstudies=", settings.studies,
                      "\ntrials=", settings.trials, "\ntuning-seeds=", settings.tuning_seeds,
                      "\nseeds=", settings.seeds, "\nseed=", settings.first_seed,
                      "\nevaluations=", settings.evaluations, "\ninside=", settings.looks, "\n",
                      settings.target ? errors::text("target=", *settings.target, "\n") : "",
                      "alpha=", settings.alpha, "\n",
                      settings.made_small ? "made-small=true\n" : "",
                      why_no_verdict(settings).empty() ? "" : "anyway=true\n");
}

std::vector<OptimizerSpec> read_optimizers(const Settings& settings) {
  std::vector<OptimizerSpec> all;
  for (const std::string& written : settings.optimizers) {
    all.push_back(
        OptimizerSpec::parse(written, settings.search == "space" ? Search::space : Search::lr));
    for (std::size_t i = 0; i + 1 < all.size(); ++i)
      if (all[i].label() == all.back().label())
        errors::fail("optimizer", "'", written, "' is there twice; LABEL@", written,
                     " tells them apart");
  }
  return all;
}

std::size_t baseline_of(const Settings& settings, const std::vector<OptimizerSpec>& optimizers) {
  if (settings.baseline.empty()) return 0;
  for (std::size_t i = 0; i < optimizers.size(); ++i)
    if (optimizers[i].label() == settings.baseline) return i;
  errors::fail("compare", "no optimizer '", settings.baseline, "' to be the baseline");
}

Plan make_plan(const Settings& settings, const Task& task) {
  Plan plan;
  plan.optimizers = read_optimizers(settings);
  plan.studies = settings.studies;
  plan.trials = settings.trials;
  plan.tuning_seeds = settings.tuning_seeds;
  plan.seeds = settings.seeds;
  plan.first_seed = settings.first_seed;
  plan.looks = settings.looks;
  plan.training.batch_size = settings.batch_size;
  const std::int64_t batches = (task.train->size() - 1) / settings.batch_size + 1;
  plan.training.steps = settings.steps > 0 ? settings.steps : settings.epochs * batches;
  plan.training.warm_up = settings.warm_up;
  plan.training.evaluations = settings.evaluations;
  return plan;
}

void print_plan(const Task& task, const Plan& plan, const Settings& settings) {
  std::printf(
      "%s: %lld steps of %lld samples; %lld studies of %lld trials with %lld seeds, then "
      "%lld seeds\n",
      task.name.c_str(), static_cast<long long>(plan.training.steps),
      static_cast<long long>(plan.training.batch_size), static_cast<long long>(plan.studies),
      static_cast<long long>(plan.trials), static_cast<long long>(plan.tuning_seeds),
      static_cast<long long>(plan.seeds));
  for (const OptimizerSpec& optimizer : plan.optimizers)
    std::printf("  %s: %s\n", optimizer.label().c_str(), optimizer.description().c_str());
  std::printf("  results in %s\n\n", settings.out.c_str());
  std::fflush(stdout);
}

// Why this is no evidence. Throws where no verdict can come of it and nobody said "anyway".
std::vector<std::string> caveats(const Settings& settings) {
  std::vector<std::string> all;
  if (settings.made_small)
    all.push_back(
        "--smoke: too little training and too few trials; this shows the program and is no "
        "evidence");
  const std::string why = why_no_verdict(settings);
  const std::vector<OptimizerSpec> optimizers = read_optimizers(settings);
  const bool tuned = std::any_of(optimizers.begin(), optimizers.end(),
                                 [](const OptimizerSpec& each) { return each.searched(); });
  if (tuned && settings.studies < 2)
    all.push_back("each optimizer was tuned once: what that left to chance is in every difference");
  if (why.empty()) return all;
  if (!settings.anyway) errors::fail("compare", why, ", or --anyway");
  all.push_back(why);
  return all;
}

int run(const Settings& settings) {
  const StopRequest stop;
  const Judging asked{0, settings.target, settings.alpha, caveats(settings)};
  if (settings.threads > 0) set_num_threads(static_cast<int>(settings.threads));
  make_folder(settings.out);
  const Task task = make_task(settings.task);
  const Plan plan = make_plan(settings, task);
  check_optimizers(task, plan);
  claim_folder(settings.out, manifest(configuration(settings), data_hash(task)));
  print_plan(task, plan, settings);
  try {
    const Results results = run_plan(task, plan, settings.out, stop);
    Judging judging = asked;
    judging.baseline = baseline_of(settings, plan.optimizers);
    const Summary summary = summarize(task, plan, results, judging);
    write_file(settings.out + "/runs.csv", runs_csv(plan, results));
    write_file(settings.out + "/curves.csv", curves_csv(plan, results));
    write_file(settings.out + "/times.csv", times_csv(plan, results));
    write_file(settings.out + "/summary.csv", summary_csv(summary));
    write_file(settings.out + "/summary.txt", to_text(summary));
    std::fputs(to_text(summary).c_str(), stdout);
    const LrAxis axis = settings.effective_lr ? LrAxis::effective : LrAxis::lr;
    if (!draw_pictures(task, plan, results, summary, axis, settings.out))
      std::puts(without_gnuplot);
    write_report(task, plan, summary, settings.out);
    std::printf("\nwritten to %s: report.html, summary.csv, runs.csv, curves.csv, times.csv\n",
                settings.out.c_str());
    return 0;
  } catch (const Stopped&) {
    std::fprintf(stderr, "compare_optimizers: stopped by a signal; the same command goes on\n");
    return stop.exit_code();
  }
}

void add_task_options(arguments::App& app, Settings& settings) {
  app.add_option("--task", settings.task.name, "what is learnt").one_of(task_names);
  app.add_option("--data", settings.task.data,
                 "'synthetic', or files: a folder with MNIST (mlp, lenet, cnn, vae), a text (text, "
                 "gpt), a folder of WAV files, FASTA, CSV (table, regression)");
  app.add_option("--samples", settings.task.samples, "to train on; MNIST has 50000")
      .whole_number(1, 10'000'000);
  app.add_option("--batch-size", settings.batch_size, "samples in a step")
      .whole_number(1, 10'000'000);
  app.add_option("--epochs", settings.epochs, "passes over the training set")
      .whole_number(1, 100'000);
  app.add_option("--steps", settings.steps, "steps instead of epochs; 0: epochs")
      .whole_number(0, 1'000'000'000);
  app.add_option("--warm-up", settings.warm_up, "steps over which lr grows to its value; 0: none")
      .whole_number(0, 1'000'000'000);
}

void add_plan_options(arguments::App& app, Settings& settings) {
  using arguments::High;
  app.add_option(
         "--optimizer", settings.optimizers,
         "[LABEL@]RULE[:NAME=VALUE,...], several times: sgd, adam, adamw, rmsprop, adagrad, "
         "lion, nadam, nadamw, radam, ademamix, lamb, lars, schedulefreesgd, schedulefreeadamw, "
         "prodigy, muon, soap (with AdamW for what they do not take; muon's adamw_ratio is that of "
         "its lr), with their options; lr=LOW..HIGH is where to search, lr=VALUE fixes it, and so "
         "for every number, for warm_up=SHARE of the steps and for schedule=constant, cosine or "
         "linear, or several as constant|cosine")
      .named_each_time();
  app.add_option("--baseline", settings.baseline,
                 "the optimizer, by its label, that others are compared "
                 "with; the first unless set");
  app.add_option("--search", settings.search,
                 "'space': lr, warm-up, schedule and what is usual for the rule, where not fixed; "
                 "'lr': that "
                 "alone")
      .one_of({"lr", "space"});
  app.add_option("--studies", settings.studies, "times that each optimizer is tuned anew")
      .whole_number(1, 100);
  app.add_option("--trials", settings.trials, "configurations that each study tries")
      .whole_number(2, 10'000);
  app.add_option("--tuning-seeds", settings.tuning_seeds, "runs of each trial")
      .whole_number(1, 10'000);
  app.add_option("--seeds", settings.seeds, "evaluation runs of what each study chose")
      .whole_number(2, 64);
  app.add_option("--seed", settings.first_seed, "the first of them").whole_number(0, 999'999'000);
  app.add_option("--evaluations", settings.evaluations, "on the validation set along a run")
      .whole_number(1, 10'000);
  app.add_option("--inside", settings.looks,
                 "looks into one run of each: norms, noise scale, sharpness; 0: none")
      .whole_number(0, 1000);
  app.add_option("--target", settings.target,
                 "validation metric to reach; unless set, that of the baseline's median run")
      .real_number(0, 1e9);
  app.add_option("--alpha", settings.alpha, "that an adjusted p must be below for a verdict")
      .real_number(1e-9, 1, High::excluded);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  arguments::App app("Compares optimizers over paired seeds, each with its learning rate tuned.",
                     "compare_optimizers");
  add_task_options(app, settings);
  add_plan_options(app, settings);
  app.add_option("--threads", settings.threads, "runs at once; 0: as many as processors")
      .whole_number(0, 1024)
      .not_in_manifests();
  app.add_option("--out", settings.out,
                 "folder for results; a comparison that was stopped goes on where its folder is")
      .not_in_manifests();
  app.add_flag("--smoke", settings.smoke, "a comparison of some seconds, to try the program")
      .not_in_manifests();
  app.add_flag("--anyway", settings.anyway, "run what can give no verdict; every page says so");
  app.add_flag("--effective-lr", settings.effective_lr,
               "the picture of all trials shows lr / (1 - momentum) and the like in place of lr")
      .not_in_manifests();
  app.add_option("--format", settings.format).hidden();  // of manifests, as is the next
  app.add_flag("--made-small", settings.made_small).hidden();
  app.add_manifest("--manifest", "repeat the comparison that this manifest.ini describes");
  const int code = app.parse(argc, argv, [&] {
    if (app.given("--manifest") && settings.format != manifest_format)
      errors::fail("compare", "the manifest is of format ", settings.format,
                   ", this program reads ", manifest_format,
                   ": before studies of tuning, an optimizer was tuned once");
    if (settings.smoke) make_small(settings);
    baseline_of(settings, read_optimizers(settings));
  });
  if (code >= 0) return code;
  return run_program("compare_optimizers", [&] { return run(settings); });
}
