// What the command lines of training programs have in common.
#pragma once

#include <cstdint>
#include <plumb/optim/adamw.hpp>
#include <plumb/optim/sgd.hpp>
#include <string>

#include "saving.hpp"

namespace arguments {
class App;
}

struct TrainingOptions {
  std::int64_t epochs = 5;
  std::int64_t batch_size = 64;
  std::int64_t seed = 0;            ///< Of initial weights and shuffling.
  std::int64_t threads = 0;         ///< That compute; 0: all processors.
  std::int64_t loader_threads = 0;  ///< That prepare batches; 0: none.
  std::int64_t shards = 0;          ///< Parts of a batch; 0: the whole, or 8 under mpirun.
  double stall_seconds = 60;        ///< How long ranks wait for one another.
  std::string log;                  ///< Folder of a plumb::Log; empty: none.
  std::string trace;                ///< File of a plumb::Trace; empty: none.
  SavingOptions saving;
};

/// --epochs and --batch-size.
void add_length_options(arguments::App& app, TrainingOptions& options);
/// --seed, --threads, --loader-threads, --shards, --stall-seconds, --log, --trace, --version, and those
/// of SavingOptions.
void add_run_options(arguments::App& app, TrainingOptions& options);

/// For an option that trains many models, each as a whole: throws under mpirun, and where batches are to be cut
/// into shards.
void require_one_process(const TrainingOptions& options, const std::string& option);

/// --lr, --momentum, --dampening, --debias, --nesterov and --weight-decay, with the values that
/// `options` has as defaults. `lr` is the help of the first.
void add_options(arguments::App& app, plumb::optim::SGDOptions& options,
                 const char* lr = "learning rate");
/// --lr, --beta1, --beta2 and --weight-decay of AdamW, likewise.
void add_options(arguments::App& app, plumb::optim::AdamWOptions& options,
                 const char* lr = "learning rate");
/// When those of SGD have been read: --debias without --dampening means that it equals the momentum. Throws
/// what SGD refuses.
void complete(const arguments::App& app, plumb::optim::SGDOptions& options);
