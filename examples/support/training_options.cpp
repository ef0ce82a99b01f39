#include "training_options.hpp"

#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/version.hpp>
#include <plumb/core/tensor/instruction_set.hpp>

#include "arguments.hpp"
#include "ranks.hpp"

void add_length_options(arguments::App& app, TrainingOptions& options) {
  app.add_option("--epochs", options.epochs, "passes over the training set")
      .whole_number(1, 1'000'000);
  app.add_option("--batch-size", options.batch_size, "samples in a step")
      .whole_number(1, 100'000'000);
}

void add_run_options(arguments::App& app, TrainingOptions& options) {
  app.add_option("--seed", options.seed, "of initial weights and shuffling")
      .whole_number(0, INT64_MAX);
  app.add_option("--threads", options.threads, "that compute; 0: all processors")
      .whole_number(0, 1024);
  app.add_option("--loader-threads", options.loader_threads, "that prepare batches; 0: none")
      .whole_number(0, 256);
  app.add_option(
         "--shards", options.shards,
         "parts that a batch is cut into, computed in turn or by the ranks of mpirun; 0: the "
         "whole batch, under mpirun 8")
      .whole_number(0, 1'000'000);
  app.add_option("--stall-seconds", options.stall_seconds,
                 "under mpirun, how long ranks wait for one that does not come")
      .real_number(0.1, 1e9);
  app.add_option("--log", options.log, "a folder for losses and tests, as TensorBoard and CSV")
      .not_empty();
  app.add_option("--trace", options.trace,
                 "a file for when each operation ran, for chrome://tracing, Perfetto or speedscope")
      .not_empty();
  add_options(app, options.saving);
  app.add_version(
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

void add_options(arguments::App& app, plumb::optim::SGDOptions& options, const char* lr) {
  using arguments::High;
  app.add_option("--lr", options.lr, lr).real_number(0, 1e6);
  app.add_option("--momentum", options.momentum, "share of the average that stays each step")
      .real_number(0, 1, High::excluded);
  app.add_option("--dampening", options.dampening,
                 "the gradient enters the average times 1 - this "
                 "(with --debias it equals the momentum unless set)")
      .real_number(0, 1);
  app.add_flag("--debias", options.debias, "divide the average by the weights gathered so far");
  app.add_flag("--nesterov", options.nesterov, "look one step of the average ahead");
  app.add_option("--weight-decay", options.weight_decay, "added to the gradient, times parameter")
      .real_number(0, 1e6);
}

void add_options(arguments::App& app, plumb::optim::AdamWOptions& options, const char* lr) {
  using arguments::High;
  app.add_option("--lr", options.lr, lr).real_number(0, 1e6);
  app.add_option("--beta1", options.beta1, "share of the first moment that stays each step")
      .real_number(0, 1, High::excluded);
  app.add_option("--beta2", options.beta2, "share of the second moment that stays each step")
      .real_number(0, 1, High::excluded);
  app.add_option("--weight-decay", options.weight_decay,
                 "share of a weight that goes each step, times the learning rate")
      .real_number(0, 1e6);
}

void complete(const arguments::App& app, plumb::optim::SGDOptions& options) {
  if (options.debias && !app.given("--dampening")) options.dampening = options.momentum;
  plumb::optim::validate(options);
}
