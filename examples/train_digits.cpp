// Trains a classifier of handwritten digits: data, model, optimizer, the training loop, evaluation.
#include <algorithm>
#include <chrono>
#include <memory>
#include <plumb/plumb.hpp>

#include "support/arguments.hpp"
#include "support/program.hpp"
#include "support/progress.hpp"

using namespace plumb;

namespace {

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

nn::Sequential make_model(const std::string& name, Generator& generator) {
  if (name == "lenet") return make_lenet(generator);
  if (name == "cnn") return make_cnn(generator);
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

// 4. One epoch: every batch moves the parameters once. Returns the mean loss.
double train_epoch(nn::Layer& model, optim::Optimizer& optimizer, data::DataLoader& loader,
                   Progress& progress) {
  double total = 0;
  std::int64_t samples = 0;
  for (const data::Batch& batch : loader) {
    const Variable loss = nn::cross_entropy(model(batch.x), batch.y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();

    const std::int64_t n = batch.x.dim(0);
    total += loss.item() * static_cast<double>(n);
    samples += n;
    progress.step(n, [&] { return total / static_cast<double>(samples); });
  }
  return total / static_cast<double>(samples);
}

// 5. The test: how often each digit is taken for which. No gradients are needed.
struct Confusion {
  std::int64_t counts[10][10] = {};  // [true digit][predicted digit]

  double accuracy() const {
    std::int64_t right = 0, all = 0;
    for (int digit = 0; digit < 10; ++digit)
      for (int guess = 0; guess < 10; ++guess) {
        all += counts[digit][guess];
        if (digit == guess) right += counts[digit][guess];
      }
    return static_cast<double>(right) / static_cast<double>(all);
  }
};

Confusion evaluate(nn::Layer& model, const std::shared_ptr<const data::Dataset>& dataset) {
  const NoGrad no_grad;
  const nn::EvalMode evaluating(model);
  data::LoaderOptions options;
  options.batch_size = 1000;
  data::DataLoader loader(dataset, options);
  Confusion confusion;
  for (const data::Batch& batch : loader) {
    const Tensor guesses = argmax(model(batch.x).value(), 1);
    for (std::int64_t i = 0; i < batch.y.numel(); ++i)
      ++confusion.counts[batch.y.data<std::int64_t>()[i]][guesses.data<std::int64_t>()[i]];
  }
  return confusion;
}

void print(const Confusion& confusion) {
  std::puts("\nrows: digit, columns: what it was taken for");
  for (int guess = 0; guess < 10; ++guess) std::printf("%6d", guess);
  std::puts("   right");
  for (int digit = 0; digit < 10; ++digit) {
    std::int64_t row = 0;
    std::printf("%d", digit);
    for (int guess = 0; guess < 10; ++guess) {
      const std::int64_t count = confusion.counts[digit][guess];
      std::printf("%*lld", guess == 0 ? 5 : 6, static_cast<long long>(count));
      row += count;
    }
    std::printf("  %5.1f %%\n", row == 0
                                    ? 0.0
                                    : 100.0 * static_cast<double>(confusion.counts[digit][digit]) /
                                          static_cast<double>(row));
  }
}

std::uint64_t parameter_hash(const nn::Module& model) {
  std::uint64_t state = 0;
  for (const Parameter& parameter : model.parameters())
    state = hash(parameter.variable.value(), state);
  return state;
}

int train(const Settings& settings) {
  if (settings.threads > 0) set_num_threads(static_cast<int>(settings.threads));
  const Data data = load(settings);
  const std::uint64_t seed = static_cast<std::uint64_t>(settings.seed);
  Generator generator(seed, Stream::init);
  nn::Sequential model = make_model(settings.model, generator);
  optim::SGD optimizer(model.parameters(), sgd_options(settings));
  data::LoaderOptions options;
  options.batch_size = settings.batch_size;
  options.shuffle = true;
  options.seed = seed;
  options.threads = static_cast<int>(settings.loader_threads);
  data::DataLoader loader(data.train, options);

  const std::int64_t largest_batch = std::min(settings.batch_size, data.train->size());
  const Shape input =
      settings.model == "mlp" ? Shape{largest_batch, 784} : Shape{largest_batch, 1, 28, 28};
  std::printf("%s", nn::summary(model, input).c_str());
  std::printf("train %lld, test %lld samples; SGD %s\n\n",
              static_cast<long long>(data.train->size()), static_cast<long long>(data.test->size()),
              optim::to_string(optimizer.settings(0)).c_str());
  using Clock = std::chrono::steady_clock;
  double seconds = 0;
  Confusion confusion;
  for (std::int64_t epoch = 1; epoch <= settings.epochs; ++epoch) {
    const std::string title =
        "epoch " + std::to_string(epoch) + "/" + std::to_string(settings.epochs);
    Progress progress(title, loader.batches());
    const Clock::time_point start = Clock::now();
    const double loss = train_epoch(model, optimizer, loader, progress);
    const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    seconds += elapsed;
    progress.clear();
    confusion = evaluate(model, data.test);
    // All digits of the loss: equal runs print equal lines.
    std::printf("%s  loss %.17g  test accuracy %.2f %%  (%.2f s)\n", title.c_str(), loss,
                100 * confusion.accuracy(), elapsed);
    std::fflush(stdout);
  }
  print(confusion);
  std::printf("\ntest accuracy   %.2f %%\n", 100 * confusion.accuracy());
  std::printf("training        %.2f s, %.0f samples/s\n", seconds,
              static_cast<double>(settings.epochs * data.train->size()) / seconds);
  std::printf("parameter hash  %016llx\n", static_cast<unsigned long long>(parameter_hash(model)));
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
  app.add_option("--lr", settings.lr, "learning rate")->check(real_number(0, 1e6));
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
  const int code = arguments::parse(app, argc, argv, [&] {
    if (settings.debias && dampening->count() == 0) settings.dampening = settings.momentum;
    optim::validate(sgd_options(settings));
  });
  if (code >= 0) return code;
  return run_program("train_digits", [&] { return train(settings); });
}
