// Trains a classifier of handwritten digits: data, model, optimizer, a step, a test.
#include <algorithm>
#include <memory>
#include <plumb/plumb.hpp>

#include "support/arguments.hpp"
#include "support/confusion.hpp"
#include "support/digit_nets.hpp"
#include "support/format.hpp"
#include "support/program.hpp"
#include "support/training.hpp"
#include "support/training_options.hpp"

using namespace plumb;

namespace {

struct Settings {
  std::string model = "mlp";
  std::string data = "synthetic";
  std::int64_t samples = 60'000, test_samples = 10'000;  // of synthetic digits
  optim::SGD::Options sgd = optim::SGD::heavy_ball(/*lr=*/0.05, /*momentum=*/0.9);
  std::string schedule = "constant";
  TrainingOptions training;  // epochs, batch size, seed, threads, checkpoints
};

// 1. The data: two datasets that share no sample. Images arrive with values in [0, 1], as rows of
// 784 or, for convolutions, as [1, 28, 28].
struct Data {
  std::shared_ptr<const data::Dataset> train, test;
};

bool as_rows(const Settings& settings) {
  return settings.model == "mlp" || settings.model == "lstm";
}

Data load(const Settings& settings) {
  const data::ImageLayout layout =
      as_rows(settings) ? data::ImageLayout::flat : data::ImageLayout::channels;
  if (settings.data != "synthetic")
    return {data::load_mnist(settings.data, data::Split::train).dataset(layout),
            data::load_mnist(settings.data, data::Split::test).dataset(layout)};
  data::DigitOptions train, test;
  test.first_index = settings.samples;  // digits are numbered without end: these are held out
  data::DigitDelivery delivery;
  delivery.layout = layout;
  return {std::make_shared<data::SyntheticDigits>(settings.samples, train, delivery),
          std::make_shared<data::SyntheticDigits>(settings.test_samples, test, delivery)};
}

// 2. The model: layers in a row, from the images to ten logits. Weights are drawn from the
// generator, so the seed decides them.
nn::Sequential make_model(const Settings& settings) {
  Generator generator(static_cast<std::uint64_t>(settings.training.seed), Stream::init);
  if (settings.model == "lstm") return digit_nets::lstm(generator);
  if (settings.model == "lenet") return digit_nets::lenet(generator);
  if (settings.model == "cnn") return digit_nets::cnn_bn(generator);
  return digit_nets::mlp(generator);
}

void print_summary(nn::Sequential& model, const optim::SGD& optimizer, const Settings& settings,
                   const Data& data) {
  const std::int64_t batch = std::min(settings.training.batch_size, data.train->size());
  const Shape input = as_rows(settings) ? Shape{batch, 784} : Shape{batch, 1, 28, 28};
  std::printf("%s", nn::summary(model, input).c_str());
  std::printf("train %lld, test %lld samples; SGD %s\n\n",
              static_cast<long long>(data.train->size()), static_cast<long long>(data.test->size()),
              optim::to_string(optimizer.settings(0)).c_str());
}

int train(const Settings& settings) {
  Training training("train_digits", settings.training);
  const Data data = load(settings);
  nn::Sequential model = make_model(settings);
  optim::SGD optimizer(model.parameters(), settings.sgd);
  data::DataLoader loader = training.loader(data.train);
  const bool cosine = settings.schedule == "cosine";
  const std::int64_t steps = loader.batches() * settings.training.epochs;
  optim::Schedule schedule(optimizer,
                           cosine ? optim::curve::cosine(steps) : optim::curve::constant());
  print_summary(model, optimizer, settings, data);

  // 3. What a checkpoint brings back, and what must be set as when it was saved.
  training.shard(model);
  Checkpoint& checkpoint = training.checkpoint();
  checkpoint.add("model", model);
  checkpoint.add("optimizer", optimizer);
  if (cosine) training.add_to_checkpoint(schedule);
  checkpoint.require("model", settings.model);
  checkpoint.require("data", settings.data == "synthetic" ? "synthetic" : "mnist");
  checkpoint.require("seed", settings.training.seed);
  require_settings(checkpoint, optimizer);

  // 4. A step: every batch moves the parameters once.
  const auto step = [&](const data::Batch& batch) {
    optimizer.zero_grad();
    const double loss = training.backward(
        batch, [&](const data::Batch& part) { return nn::cross_entropy(model(part.x), part.y); });
    optimizer.step();
    schedule.step();
    return loss;
  };

  // 5. All epochs, with a test after each: how often each digit is taken for which.
  Confusion confusion(digit_names());
  const auto test = [&] {
    confusion = test_classes(model, data.test, digit_names());
    const double accuracy = confusion.accuracy();
    return TestScore{format("test accuracy %.2f %%", 100 * accuracy), accuracy};
  };
  const int code = training.run(loader, step, test);
  if (code != 0) return code;

  confusion.print();
  std::printf("\ntest accuracy   %.2f %%\n", 100 * confusion.accuracy());
  training.print_end(model);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  arguments::App app("Trains a classifier of handwritten digits.", "train_digits");
  app.add_option("--model", settings.model,
                 "network: mlp (784-256-128-10), lenet (LeNet-5), cnn (with batch norm), or lstm "
                 "(row by row)")
      .one_of({"mlp", "lenet", "cnn", "lstm"});
  app.add_option("--data", settings.data, "'synthetic', or a folder with the MNIST files");
  app.add_option("--samples", settings.samples, "synthetic digits to train on")
      .whole_number(1, 100'000'000);
  app.add_option("--test-samples", settings.test_samples, "synthetic digits to test on")
      .whole_number(1, 100'000'000);
  add_length_options(app, settings.training);
  add_options(app, settings.sgd, "learning rate (0.01 for cnn, 0.1 for lstm unless set)");
  app.add_option("--schedule", settings.schedule,
                 "of the learning rate: constant, or down to 0 as half a cosine")
      .one_of({"constant", "cosine"});
  add_run_options(app, settings.training);
  const int code = app.parse(argc, argv, [&] {
    // With 0.05 the first stays at 10 % of the digits right.
    if (settings.model == "cnn" && !app.given("--lr")) settings.sgd.lr = 0.01;
    if (settings.model == "lstm" && !app.given("--lr")) settings.sgd.lr = 0.1;
    complete(app, settings.sgd);
  });
  if (code >= 0) return code;
  return run_program("train_digits", [&] { return train(settings); });
}
