#include "training.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <plumb/nn/module.hpp>
#include <plumb/optim/optimizer.hpp>
#include <utility>
#include <variant>

#include "progress.hpp"

using namespace plumb;

namespace {

data::LoaderOptions loader_options(const TrainingOptions& options,
                                   std::shared_ptr<const data::Sampler> sampler) {
  data::LoaderOptions loader;
  loader.batch_size = options.batch_size;
  loader.shuffle = sampler == nullptr;
  loader.sampler = std::move(sampler);
  loader.seed = static_cast<std::uint64_t>(options.seed);
  loader.threads = static_cast<int>(options.loader_threads);
  return loader;
}

}  // namespace

data::DataLoader training_loader(std::shared_ptr<const data::Dataset> dataset,
                                 const TrainingOptions& options,
                                 std::shared_ptr<const data::Sampler> sampler) {
  return data::DataLoader(std::move(dataset), loader_options(options, std::move(sampler)));
}

data::DataLoader test_loader(std::shared_ptr<const data::Dataset> dataset) {
  data::LoaderOptions loader;
  loader.batch_size = 1000;
  return data::DataLoader(std::move(dataset), loader);
}

void require_settings(Checkpoint& checkpoint, const optim::Optimizer& optimizer) {
  for (const optim::Setting& setting : optimizer.settings(0))
    std::visit([&](const auto& value) { checkpoint.require(setting.name, value); }, setting.value);
}

std::uint64_t parameter_hash(const nn::Module& model) {
  std::uint64_t state = 0;
  for (const Parameter& parameter : model.parameters())
    state = hash(parameter.variable.value(), state);
  return state;
}

void ScheduleOfEpochs::load_state_dict(const StateDict& state) {
  try {
    schedule->load_state_dict(state);
  } catch (const Error& error) {
    throw Error(
        errors::text(error.what(),
                     "; the learning rate takes its course over all epochs, so a run goes on "
                     "with the --epochs that it began with"));
  }
}

Training::Training(std::string program, const TrainingOptions& options)
    : program_(std::move(program)),
      options_(options),
      ranks_(options.stall_seconds),
      saving_(options.saving, ranks_.first()) {
  if (!options.log.empty() && ranks_.first()) log_.emplace(options.log);
  if (!options.trace.empty() && ranks_.first()) {
    trace_.emplace();
    trace_->write(options.trace);  // what cannot be written is told now
  }
  if (options_.threads > 0)
    set_num_threads(static_cast<int>(options_.threads));
  else if (ranks_.on_this_host() > 1)
    set_num_threads(std::max(1, num_threads() / ranks_.on_this_host()));
  if (options_.shards == 0 && Ranks::started_by_mpirun()) options_.shards = 8;
  if (options_.shards > 0) checkpoint_.require("shards", options_.shards);
  checkpoint_.track("epoch", epoch_);
  checkpoint_.track("step", step_);
  checkpoint_.track("samples", samples_);
  checkpoint_.track("loss", loss_);
  checkpoint_.track("best", best_);
}

void Training::add_to_checkpoint(optim::Schedule& schedule) {
  schedule_ = {&schedule};
  checkpoint_.add("schedule", schedule_);
}

data::DataLoader Training::loader(std::shared_ptr<const data::Dataset> dataset,
                                  std::shared_ptr<const data::Sampler> sampler) const {
  data::LoaderOptions loader = loader_options(options_, std::move(sampler));
  if (options_.shards > 0) loader.part = ranks_.part(options_.shards);
  return data::DataLoader(std::move(dataset), loader);
}

void Training::shard(nn::Module& model) {
  if (options_.shards > 0) sharded_ = ranks_.sharded(model, options_.shards);
}

int Training::run(data::DataLoader& loader, const Step& step, const Test& test) {
  const int code = run_epochs(loader, step, test);
  if (trace_) write_trace();
  return code;
}

int Training::run_epochs(data::DataLoader& loader, const Step& step, const Test& test) {
  if (options_.shards > 0 && !sharded_)
    throw Error("batches of this model cannot be cut into shards");
  checkpoint_.add("loader", loader);
  saving_.begin(checkpoint_);
  if (ranks_.size() > 1) {
    const StateDict start = ranks_.broadcast(checkpoint_.state_dict());
    if (!ranks_.first()) checkpoint_.load_state_dict(start);
  }
  Progress progress(loader.batches() * options_.epochs,
                    loader.batches() * epoch_ + loader.position());
  bool tested = false;
  while (epoch_ < options_.epochs && stop_signal() == 0) {
    const std::string title = errors::text("epoch ", epoch_ + 1, "/", options_.epochs);
    progress.begin(title, loader.batches(), loader.position());
    const double before = seconds_;
    if (!train_epoch(loader, step, progress)) break;
    progress.clear();
    const TestScore score = test();
    tested = true;
    std::printf("%s  loss %.5f  %s  (%.2f s)\n", title.c_str(), mean_loss(), score.text.c_str(),
                seconds_ - before);
    std::fflush(stdout);
    finish_epoch(score);
    ranks_.agree_to_stop();
  }
  progress.clear();
  if (stop_signal() != 0) return stopped();
  if (!tested) test();
  return 0;
}

// Or what is left of it. Returns whether it came to the end.
bool Training::train_epoch(data::DataLoader& loader, const Step& step, Progress& progress) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const double before = seconds_;
  for (const data::Batch& batch : loader) {
    const double loss = step(batch);
    const std::int64_t n = batch.samples();
    loss_ += loss * static_cast<double>(n);
    samples_ += n;
    trained_ += n;
    ++step_;
    seconds_ = before + std::chrono::duration<double>(Clock::now() - start).count();
    if (log_) log_->add("loss/train", step_, loss);
    progress.step(n, [&] { return mean_loss(); });
    if (saving_.due(step_)) save();
    if (stop_signal() != 0) return false;
  }
  return true;
}

void Training::write_trace() const {
  trace_->write(options_.trace);
  if (trace_->left_out() > 0)
    std::fprintf(stderr, "%s: %s has the first %lld operations, not the %lld after them\n",
                 program_.c_str(), options_.trace.c_str(), static_cast<long long>(trace_->size()),
                 static_cast<long long>(trace_->left_out()));
}

void Training::finish_epoch(const TestScore& score) {
  if (log_) log_->add("score/test", step_, score.value);
  ++epoch_;
  samples_ = 0;
  loss_ = 0;
  gather_carried();
  if (epoch_ == 1 || score.value > best_) {
    best_ = score.value;
    saving_.save_best(checkpoint_);
  }
  saving_.save(checkpoint_, step_);
}

int Training::stopped() {
  save();
  if (ranks_.first())
    std::fprintf(stderr, "%s: stopped by a signal after step %lld, %s\n", program_.c_str(),
                 static_cast<long long>(step_),
                 saving_.saves() ? "saved; --resume goes on" : "nothing saved");
  return 128 + stop_signal();
}

void Training::save() {
  gather_carried();
  saving_.save(checkpoint_, step_);
}

void Training::gather_carried() {
  if (carried_ == nullptr || ranks_.size() == 1 || options_.saving.folder.empty()) return;
  const ShardRange mine = ranks_.samples(options_.shards, carried_->samples());
  carried_->load_parts(ranks_.gather(carried_->part(mine)));
}

void Training::print_speed() const {
  std::printf("training        %.2f s, %.0f samples/s\n", seconds_,
              static_cast<double>(trained_) / std::max(seconds_, 1e-9));
}

void Training::print_end(const nn::Module& model) const {
  print_speed();
  std::printf("parameter hash  %016llx\n", static_cast<unsigned long long>(parameter_hash(model)));
}
