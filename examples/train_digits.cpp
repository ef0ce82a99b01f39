// Trains a classifier of handwritten digits: data, model, optimizer, the training loop, evaluation.
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <plumb/plumb.hpp>

#include "support/arguments.hpp"
#include "support/confusion.hpp"
#include "support/program.hpp"
#include "support/progress.hpp"
#include "support/saving.hpp"

using namespace plumb;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Settings {
  std::string model = "mlp";
  std::string data = "synthetic";
  std::int64_t samples = 60'000;
  std::int64_t epochs = 5;
  std::int64_t batch_size = 64;
  double lr = 0.05;
  double momentum = 0.9;
  double dampening = 0;
  bool debias = false;
  bool nesterov = false;
  double weight_decay = 0;
  std::int64_t seed = 0;
  std::int64_t threads = 0;  // 0: all processors
  std::int64_t loader_threads = 0;
  SavingOptions saving;
};

// 1. The data: two datasets that share no sample. Images arrive with values in [0, 1], as rows of
// 784 or, for convolutions, as [1, 28, 28].
struct Data {
  std::shared_ptr<const data::Dataset> train, test;
};

Data load(const Settings& settings) {
  const data::ImageLayout layout =
      settings.model == "mlp" ? data::ImageLayout::flat : data::ImageLayout::channels;
  if (settings.data != "synthetic")
    return {data::load_mnist(settings.data, data::Split::train).dataset(layout),
            data::load_mnist(settings.data, data::Split::test).dataset(layout)};
  data::DigitOptions train, test;
  test.first_index = settings.samples;  // digits are numbered without end: these are held out
  data::DigitDelivery delivery;
  delivery.layout = layout;
  return {std::make_shared<data::SyntheticDigits>(settings.samples, train, delivery),
          std::make_shared<data::SyntheticDigits>(10'000, test, delivery)};
}

// 2. The model: layers in a row. Weights are drawn from the generator, so the seed decides them.
nn::Sequential make_mlp(Generator& generator) {
  return nn::Sequential{nn::Linear(784, 256, generator), nn::ReLU(),
                        nn::Linear(256, 128, generator), nn::ReLU(),
                        nn::Linear(128, 10, generator)};
}

// LeCun et al. 1998, with ReLU and max pooling as is usual today.
nn::Sequential make_lenet(Generator& generator) {
  return nn::Sequential{nn::Conv2d(1, 6, 5, generator, {1, 2}),  // stride 1, padding 2
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Conv2d(6, 16, 5, generator),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Flatten(),
                        nn::Linear(400, 120, generator),
                        nn::ReLU(),
                        nn::Linear(120, 84, generator),
                        nn::ReLU(),
                        nn::Linear(84, 10, generator)};
}

// A small network with batch normalization (Ioffe & Szegedy 2015).
nn::Sequential make_cnn(Generator& generator) {
  return nn::Sequential{nn::Conv2d(1, 32, 3, generator, {1, 1}),  // stride 1, padding 1
                        nn::BatchNorm2d(32),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Conv2d(32, 64, 3, generator, {1, 1}),
                        nn::BatchNorm2d(64),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Flatten(),
                        nn::Linear(3136, 10, generator)};
}

nn::Sequential make_model(const Settings& settings) {
  Generator generator(static_cast<std::uint64_t>(settings.seed), Stream::init);
  if (settings.model == "lenet") return make_lenet(generator);
  if (settings.model == "cnn") return make_cnn(generator);
  return make_mlp(generator);
}

// 3. The optimizer: SGD with whatever form of momentum was asked for.
optim::SGD::Options sgd_options(const Settings& settings) {
  optim::SGD::Options options;
  options.lr = settings.lr;
  options.momentum = settings.momentum;
  options.dampening = settings.dampening;
  options.debias = settings.debias;
  options.nesterov = settings.nesterov;
  options.weight_decay = settings.weight_decay;
  return options;
}

data::LoaderOptions loader_options(const Settings& settings) {
  data::LoaderOptions options;
  options.batch_size = settings.batch_size;
  options.shuffle = true;
  options.seed = static_cast<std::uint64_t>(settings.seed);
  options.threads = static_cast<int>(settings.loader_threads);
  return options;
}

// 4. The run: all that changes while it trains, and the checkpoint that brings it back. What is
// required must be set as when it was saved; its length and its threads may differ.
struct Run {
  explicit Run(const Settings& settings, const Data& data)
      : model(make_model(settings)),
        optimizer(model.parameters(), sgd_options(settings)),
        loader(data.train, loader_options(settings)) {
    checkpoint.add("model", model);
    checkpoint.add("optimizer", optimizer);
    checkpoint.add("loader", loader);
    checkpoint.track("epoch", epoch);
    checkpoint.track("step", step);
    checkpoint.track("samples", samples);
    checkpoint.track("loss", loss);
    checkpoint.track("best", best);
    checkpoint.require("model", settings.model);
    checkpoint.require("data", settings.data == "synthetic" ? "synthetic" : "mnist");
    checkpoint.require("seed", settings.seed);
    for (const optim::Setting& setting : optimizer.settings(0))
      std::visit([&](const auto& value) { checkpoint.require(setting.name, value); },
                 setting.value);
  }

  double mean_loss() const { return loss / static_cast<double>(samples); }
  std::int64_t samples_seen() const { return epoch * loader.dataset().size() + samples; }

  nn::Sequential model;
  optim::SGD optimizer;
  data::DataLoader loader;
  std::int64_t epoch = 0;    // epochs that are finished
  std::int64_t step = 0;     // steps in all
  std::int64_t samples = 0;  // of the running epoch
  double loss = 0;           // their sum
  double best = 0;           // highest test accuracy so far
  double seconds = 0;        // that this program has trained; not in the checkpoint
  Checkpoint checkpoint;
};

// 5. The test: how often each digit is taken for which. No gradients are needed.
Confusion evaluate(nn::Layer& model, const std::shared_ptr<const data::Dataset>& dataset) {
  const NoGrad no_grad;
  const nn::EvalMode evaluating(model);
  data::LoaderOptions options;
  options.batch_size = 1000;
  data::DataLoader loader(dataset, options);
  Confusion confusion;
  for (const data::Batch& batch : loader) confusion.add(batch.y, argmax(model(batch.x).value(), 1));
  return confusion;
}

std::uint64_t parameter_hash(const nn::Module& model) {
  std::uint64_t state = 0;
  for (const Parameter& parameter : model.parameters())
    state = hash(parameter.variable.value(), state);
  return state;
}

// 6. One epoch, or what is left of it: every batch moves the parameters once. Ends early where
// go_on() says so after a step; returns whether it came to the end.
template <class GoOn>
bool train_epoch(Run& run, Progress& progress, GoOn go_on) {
  const Clock::time_point start = Clock::now();
  const double before = run.seconds;
  for (const data::Batch& batch : run.loader) {
    const Variable loss = nn::cross_entropy(run.model(batch.x), batch.y);
    run.optimizer.zero_grad();
    loss.backward();
    run.optimizer.step();

    const std::int64_t n = batch.x.dim(0);
    run.loss += loss.item() * static_cast<double>(n);
    run.samples += n;
    ++run.step;
    run.seconds = before + seconds_since(start);
    progress.step(n, [&] { return run.mean_loss(); });
    if (!go_on()) return false;
  }
  return true;
}

// 7. All epochs, saving after each and where a signal ends the run. Returns the exit code, and the
// last test where one was made.
int train_epochs(Run& run, const Settings& settings, const Data& data, const StopRequest& stop,
                 const Saving& saving, std::optional<Confusion>& last) {
  const auto go_on = [&] {
    saving.after_step(run.checkpoint, run.step);
    return !stop.requested();
  };
  while (run.epoch < settings.epochs && !stop.requested()) {
    const std::string title = text("epoch ", run.epoch + 1, "/", settings.epochs);
    Progress progress(title, run.loader.batches(), run.loader.position());
    const double before = run.seconds;
    if (!train_epoch(run, progress, go_on)) break;
    progress.clear();
    last = evaluate(run.model, data.test);
    std::printf("%s  loss %.5f  test accuracy %.2f %%  (%.2f s)\n", title.c_str(), run.mean_loss(),
                100 * last->accuracy(), run.seconds - before);
    std::fflush(stdout);

    ++run.epoch;
    run.samples = 0;
    run.loss = 0;
    if (last->accuracy() > run.best) {
      run.best = last->accuracy();
      saving.save_best(run.checkpoint);
    }
    saving.save(run.checkpoint, run.step);
  }
  if (stop.requested()) saving.save(run.checkpoint, run.step);
  return stop.exit_code();
}

void print_summary(Run& run, const Settings& settings, const Data& data) {
  const std::int64_t batch = std::min(settings.batch_size, data.train->size());
  const Shape input = settings.model == "mlp" ? Shape{batch, 784} : Shape{batch, 1, 28, 28};
  std::printf("%s", nn::summary(run.model, input).c_str());
  std::printf("train %lld, test %lld samples; SGD %s\n\n",
              static_cast<long long>(data.train->size()), static_cast<long long>(data.test->size()),
              optim::to_string(run.optimizer.settings(0)).c_str());
}

int train(const Settings& settings) {
  const StopRequest stop;
  if (settings.threads > 0) set_num_threads(static_cast<int>(settings.threads));
  const Saving saving(settings.saving);  // first: where it cannot be written, nothing begins
  const Data data = load(settings);
  Run run(settings, data);
  print_summary(run, settings, data);
  saving.begin(run.checkpoint);

  const std::int64_t seen = run.samples_seen();
  std::optional<Confusion> confusion;
  const int code = train_epochs(run, settings, data, stop, saving, confusion);
  if (code != 0) {
    std::fprintf(stderr, "train_digits: stopped by a signal after step %lld, %s\n",
                 static_cast<long long>(run.step),
                 saving.saves() ? "saved; --resume goes on" : "nothing saved");
    return code;
  }
  if (!confusion) confusion = evaluate(run.model, data.test);  // there was nothing left to train
  confusion->print();
  std::printf("\ntest accuracy   %.2f %%\n", 100 * confusion->accuracy());
  std::printf("training        %.2f s, %.0f samples/s\n", run.seconds,
              static_cast<double>(run.samples_seen() - seen) / std::max(run.seconds, 1e-9));
  std::printf("parameter hash  %016llx\n",
              static_cast<unsigned long long>(parameter_hash(run.model)));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using arguments::High;
  using arguments::real_number;
  using arguments::whole_number;
  Settings settings;
  CLI::App app("Trains a classifier of handwritten digits.", "train_digits");
  app.option_defaults()->always_capture_default();
  app.add_option("--model", settings.model,
                 "network: mlp (784-256-128-10), lenet (LeNet-5) or cnn (with batch norm)")
      ->check(CLI::IsMember({"mlp", "lenet", "cnn"}));
  app.add_option("--data", settings.data, "'synthetic', or a folder with the MNIST files");
  app.add_option("--samples", settings.samples, "synthetic digits to train on")
      ->check(whole_number(1, 100'000'000));
  app.add_option("--epochs", settings.epochs, "passes over the training set")
      ->check(whole_number(1, 1'000'000));
  app.add_option("--batch-size", settings.batch_size, "samples in a step")
      ->check(whole_number(1, 100'000'000));
  auto* lr = app.add_option("--lr", settings.lr, "learning rate (0.01 for cnn unless set)");
  lr->check(real_number(0, 1e6));
  app.add_option("--momentum", settings.momentum, "share of the average that stays each step")
      ->check(real_number(0, 1, High::excluded));
  auto* dampening = app.add_option("--dampening", settings.dampening,
                                   "the gradient enters the average times 1 - this "
                                   "(with --debias it equals the momentum unless set)");
  dampening->check(real_number(0, 1));
  app.add_flag("--debias", settings.debias, "divide the average by the weights gathered so far");
  app.add_flag("--nesterov", settings.nesterov, "look one step of the average ahead");
  app.add_option("--weight-decay", settings.weight_decay, "added to the gradient, times parameter")
      ->check(real_number(0, 1e6));
  app.add_option("--seed", settings.seed, "of initial weights and shuffling")
      ->check(whole_number(0, INT64_MAX));
  app.add_option("--threads", settings.threads, "that compute; 0: all processors")
      ->check(whole_number(0, 1024));
  app.add_option("--loader-threads", settings.loader_threads, "that prepare batches; 0: none")
      ->check(whole_number(0, 256));
  add_options(app, settings.saving);
  const int code = arguments::parse(app, argc, argv, [&] {
    // With 0.05 it stays at 10 % of the digits right.
    if (settings.model == "cnn" && lr->count() == 0) settings.lr = 0.01;
    if (settings.debias && dampening->count() == 0) settings.dampening = settings.momentum;
    optim::validate(sgd_options(settings));
  });
  if (code >= 0) return code;
  return run_program("train_digits", [&] { return train(settings); });
}
