#include "training_options.hpp"

#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/version.hpp>
#include <plumb/core/tensor/instruction_set.hpp>

#include "arguments.hpp"
#include "ranks.hpp"

void add_length_options(CLI::App& app, TrainingOptions& options) {
  using arguments::whole_number;
  app.add_option("--epochs", options.epochs, "passes over the training set")
      ->check(whole_number(1, 1'000'000));
  app.add_option("--batch-size", options.batch_size, "samples in a step")
      ->check(whole_number(1, 100'000'000));
}

void add_run_options(CLI::App& app, TrainingOptions& options) {
  using arguments::whole_number;
  app.add_option("--seed", options.seed, "of initial weights and shuffling")
      ->check(whole_number(0, INT64_MAX));
  app.add_option("--threads", options.threads, "that compute; 0: all processors")
      ->check(whole_number(0, 1024));
  app.add_option("--loader-threads", options.loader_threads, "that prepare batches; 0: none")
      ->check(whole_number(0, 256));
  app.add_option(
         "--shards", options.shards,
         "parts that a batch is cut into, computed in turn or by the ranks of mpirun; 0: the "
         "whole batch, under mpirun 8")
      ->check(whole_number(0, 1'000'000));
  app.add_option("--stall-seconds", options.stall_seconds,
                 "under mpirun, how long ranks wait for one that does not come")
      ->check(arguments::real_number(0.1, 1e9));
  app.add_option("--log", options.log, "a folder for losses and tests, as TensorBoard and CSV")
      ->check(arguments::not_empty());
  app.add_option("--trace", options.trace,
                 "a file for when each operation ran, for chrome://tracing, Perfetto or speedscope")
      ->check(arguments::not_empty());
  add_options(app, options.saving);
  app.set_version_flag(
      "--version",
      [] { return std::string("plumb ") + plumb::version() + "; " + plumb::instruction_set(); },
      "print plumb's version and the instructions it computes with, and end");
}

void require_one_process(const TrainingOptions& options, const std::string& option) {
  if (options.shards > 0 || Ranks::started_by_mpirun())
    throw plumb::Error(option +
                       " trains many models, each in one piece: it goes neither with --shards nor "
                       "under mpirun");
}

void add_options(CLI::App& app, plumb::optim::SGDOptions& options, const std::string& lr) {
  using arguments::High;
  using arguments::real_number;
  app.add_option("--lr", options.lr, lr)->check(real_number(0, 1e6));
  app.add_option("--momentum", options.momentum, "share of the average that stays each step")
      ->check(real_number(0, 1, High::excluded));
  app.add_option("--dampening", options.dampening,
                 "the gradient enters the average times 1 - this "
                 "(with --debias it equals the momentum unless set)")
      ->check(real_number(0, 1));
  app.add_flag("--debias", options.debias, "divide the average by the weights gathered so far");
  app.add_flag("--nesterov", options.nesterov, "look one step of the average ahead");
  app.add_option("--weight-decay", options.weight_decay, "added to the gradient, times parameter")
      ->check(real_number(0, 1e6));
}

void add_options(CLI::App& app, plumb::optim::AdamWOptions& options, const std::string& lr) {
  using arguments::High;
  using arguments::real_number;
  app.add_option("--lr", options.lr, lr)->check(real_number(0, 1e6));
  app.add_option("--beta1", options.beta1, "share of the first moment that stays each step")
      ->check(real_number(0, 1, High::excluded));
  app.add_option("--beta2", options.beta2, "share of the second moment that stays each step")
      ->check(real_number(0, 1, High::excluded));
  app.add_option("--weight-decay", options.weight_decay,
                 "share of a weight that goes each step, times the learning rate")
      ->check(real_number(0, 1e6));
}

void complete(const CLI::App& app, plumb::optim::SGDOptions& options) {
  if (options.debias && app.count("--dampening") == 0) options.dampening = options.momentum;
  plumb::optim::validate(options);
}
