// The loop that training programs share: epochs with progress on a terminal, checkpoints, a test
// after each, and an orderly end at a signal. What is learnt is the program's own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <plumb/core.hpp>
#include <plumb/data.hpp>
#include <plumb/optim/schedule.hpp>
#include <string>

#include "carried_state.hpp"
#include "ranks.hpp"
#include "saving.hpp"
#include "training_options.hpp"

class Progress;

/// A schedule whose curve ends with the last epoch, as a part of a checkpoint.
struct ScheduleOfEpochs {
  plumb::optim::Schedule* schedule;
  plumb::StateDict state_dict() const { return schedule->state_dict(); }
  void load_state_dict(const plumb::StateDict& state);
};

/// Shuffled batches to train on, or those of a sampler.
plumb::data::DataLoader training_loader(
    std::shared_ptr<const plumb::data::Dataset> dataset, const TrainingOptions& options,
    std::shared_ptr<const plumb::data::Sampler> sampler = nullptr);
/// All samples in their order, for a test.
plumb::data::DataLoader test_loader(std::shared_ptr<const plumb::data::Dataset> dataset);

/// The optimizer's settings must be those that a checkpoint was saved with.
void require_settings(plumb::Checkpoint& checkpoint, const plumb::optim::Optimizer& optimizer);

/// A fingerprint of all parameters.
std::uint64_t parameter_hash(const plumb::nn::Module& model);

/// What a test has found.
struct TestScore {
  std::string text;  ///< For the line of the epoch: "test accuracy 98.12 %".
  double value = 0;  ///< More is better. The checkpoint of the highest is kept as the best.
};

/// One run of a training program, in this order:
///
///     Training training("train_digits", options);
///     ... data, model, optimizer ...
///     training.shard(model);
///     training.checkpoint().add("model", model);
///     training.checkpoint().add("optimizer", optimizer);
///     const int code = training.run(loader, step, test);
///
class Training {
 public:
  /// Moves the parameters once; returns the mean loss of the batch.
  using Step = std::function<double(const plumb::data::Batch& batch)>;
  using Test = std::function<TestScore()>;

  /// From here on SIGINT and SIGTERM end the run between two steps. Comes before what takes time:
  /// throws where checkpoints cannot be written. Messages begin with the program's name.
  Training(std::string program, const TrainingOptions& options);

  /// What goes on where a run is resumed, and the settings that must be the same. The program adds
  /// all but the loader and the loop's own counters.
  plumb::Checkpoint& checkpoint() { return checkpoint_; }
  /// Adds to it, as "schedule", one whose curve ends with the last epoch: a run that goes on with another number
  /// of epochs is refused, and told why.
  void add_to_checkpoint(plumb::optim::Schedule& schedule);

  /// training_loader of what this rank needs of every batch.
  plumb::data::DataLoader loader(
      std::shared_ptr<const plumb::data::Dataset> dataset,
      std::shared_ptr<const plumb::data::Sampler> sampler = nullptr) const;

  /// From here on backward() cuts batches of this model into shards, where --shards or mpirun asks for that.
  void shard(plumb::nn::Module& model);
  /// The gradients of the model's parameters, and the mean loss of the batch: `loss` gives that of the
  /// whole batch or of a shard, whatever it is called with (nn::ShardedGradient::backward).
  template <class Loss>
  double backward(const plumb::data::Batch& batch, Loss&& loss) {
    if (sharded_) return sharded_->backward(batch, loss);
    const plumb::nn::ShardLoss whole =
        plumb::nn::detail::loss_of_part(loss, batch, {0, batch.samples()});
    whole.mean.backward();
    return whole.mean.item();
  }
  /// Of this state each rank has the rows of its shards: for checkpoints they are put together.
  void carry(CarriedState& state) { carried_ = &state; }
  /// Whether this is rank 0, or no mpirun has started it: others write no files.
  bool first() const { return ranks_.first(); }

  /// Resumes where that is asked for, then trains, tests and saves to the end of the last epoch.
  /// Where nothing was left to train it tests once. Returns 0, or after a signal, when the run has
  /// been saved, the exit code that goes with it.
  int run(plumb::data::DataLoader& loader, const Step& step, const Test& test);

  /// The time that steps have taken, and samples per second, on stdout.
  void print_speed() const;
  /// That, and the parameter_hash of the model.
  void print_end(const plumb::nn::Module& model) const;

 private:
  int run_epochs(plumb::data::DataLoader& loader, const Step& step, const Test& test);
  bool train_epoch(plumb::data::DataLoader& loader, const Step& step, Progress& progress);
  void write_trace() const;
  void finish_epoch(const TestScore& score);
  int stopped();
  void save();
  void gather_carried();
  int stop_signal() const { return ranks_.size() > 1 ? ranks_.stop_signal() : stop_.signal(); }
  double mean_loss() const { return loss_ / static_cast<double>(samples_); }

  plumb::StopRequest stop_;
  std::string program_;
  TrainingOptions options_;
  Ranks ranks_;
  Saving saving_;
  std::optional<plumb::Log> log_;
  std::optional<plumb::Trace> trace_;
  std::unique_ptr<plumb::nn::ShardedGradient> sharded_;  // null: batches are not cut
  CarriedState* carried_ = nullptr;                      // null: none
  ScheduleOfEpochs schedule_{nullptr};
  plumb::Checkpoint checkpoint_;
  std::int64_t epoch_ = 0;    // epochs that are finished
  std::int64_t step_ = 0;     // steps in all
  std::int64_t samples_ = 0;  // of the running epoch
  double loss_ = 0;           // their sum
  double best_ = 0;           // the highest score; of no meaning before the first epoch is finished
  std::int64_t trained_ = 0;  // samples, by this program
  double seconds_ = 0;        // in which it has
};
