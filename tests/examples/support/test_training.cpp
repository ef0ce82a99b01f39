#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <plumb/examples/support/training.hpp>
#include <plumb/plumb.hpp>
#include <regex>

#include "../../support/errors.hpp"
#include "../../support/temporary_folder.hpp"

using namespace plumb;
using test::TemporaryFolder;

namespace {

// What f prints on stdout and stderr, times as "T".
template <class F>
std::string printed(F&& f) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/out";
  std::fflush(stdout);
  const int out = ::dup(STDOUT_FILENO), err = ::dup(STDERR_FILENO);
  std::FILE* file = std::fopen(path.c_str(), "w");
  ::dup2(::fileno(file), STDOUT_FILENO);
  ::dup2(::fileno(file), STDERR_FILENO);
  f();
  std::fflush(stdout);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::close(out);
  ::close(err);
  std::fclose(file);
  return std::regex_replace(test::read_file(path), std::regex("[0-9.]+ s\\b"), "T");
}

// y = 2 x: no images, no classes.
std::shared_ptr<const data::Dataset> line() {
  Tensor x = Tensor::empty({10, 1});
  for (std::int64_t i = 0; i < 10; ++i) x.mutable_data<float>()[i] = static_cast<float>(i) / 10;
  return std::make_shared<data::TensorDataset>(x, x * 2);
}

TrainingOptions options(std::int64_t epochs, const std::string& folder = {}, bool resume = false) {
  TrainingOptions options;
  options.epochs = epochs;
  options.batch_size = 4;  // three batches, the last one short
  options.saving.folder = folder;
  options.saving.resume = resume;
  return options;
}

// A program that fits the line; the test is of what `score` says of an epoch.
struct Program {
  explicit Program(const TrainingOptions& options)
      : training("fit", options), loader(training.loader(line())) {
    training.shard(model);
    training.checkpoint().add("model", model);
    training.checkpoint().add("optimizer", optimizer);
    require_settings(training.checkpoint(), optimizer);
  }

  int run() {
    return training.run(
        loader,
        [&](const data::Batch& batch) {
          optimizer.zero_grad();
          const double loss = training.backward(batch, [&](const data::Batch& part) {
            ++parts;
            return nn::mse(model(part.x), part.y);
          });
          optimizer.step();
          if (++steps == signal_after) std::raise(SIGTERM);
          return loss;
        },
        [&] {
          const double value = score(++tests);
          return TestScore{errors::text("score ", value), value};
        });
  }

  Training training;
  Generator generator{1};
  nn::Linear model{1, 1, generator};
  optim::SGD optimizer{model.parameters(), optim::SGD::heavy_ball(0.1, 0.9)};
  data::DataLoader loader;
  std::function<double(int)> score = [](int test) { return 1.0 * test; };
  int steps = 0, parts = 0, tests = 0, signal_after = 0;
};

std::uint64_t hash_after(std::int64_t epochs) {
  Program program(options(epochs));
  printed([&] { program.run(); });
  return parameter_hash(program.model);
}

}  // namespace

TEST_CASE("Training: steps over every batch, tests after every epoch, says what came of it") {
  Program program(options(2));
  const std::string out = printed([&] { CHECK(program.run() == 0); });
  CHECK(program.steps == 6);
  CHECK(program.tests == 2);
  CHECK(std::regex_match(out, std::regex("epoch 1/2  loss [0-9.]+  score 1  \\(T\\)\n"
                                         "epoch 2/2  loss [0-9.]+  score 2  \\(T\\)\n")));
  CHECK(std::regex_match(printed([&] { program.training.print_speed(); }),
                         std::regex("training        T, [0-9]+ samples/s\n")));
}

TEST_CASE("Training: the loss of an epoch is the mean over its samples") {
  Training training("fit", options(1));
  data::DataLoader loader = training_loader(line(), options(1));
  const std::string out = printed([&] {
    // Batches of 4, 4 and 2: (4 * 4 + 4 * 4 + 2 * 2) / 10.
    training.run(
        loader, [](const data::Batch& batch) { return static_cast<double>(batch.x.dim(0)); },
        [] {
          return TestScore{"", 0};
        });
  });
  CHECK(out == "epoch 1/1  loss 3.60000    (T)\n");
}

TEST_CASE("Training: stops at a signal within an epoch, and goes on to the same bits") {
  const std::uint64_t whole = hash_after(3);
  CHECK(whole != hash_after(2));
  const TemporaryFolder folder;
  {
    Program program(options(3, folder.path()));
    program.signal_after = 4;
    const std::string out = printed([&] { CHECK(program.run() == 128 + SIGTERM); });
    CHECK(program.steps == 4);
    CHECK(test::contains(out, "fit: stopped by a signal after step 4, saved; --resume goes on\n"));
  }
  Program program(options(3, folder.path(), true));
  const std::string out = printed([&] { CHECK(program.run() == 0); });
  CHECK(out.rfind("resumed from ", 0) == 0);
  CHECK(program.steps == 5);
  CHECK(program.tests == 2);
  CHECK(parameter_hash(program.model) == whole);
}

TEST_CASE("Training: cuts batches into shards, and goes on with them to the same bits") {
  Generator generator(1);
  nn::Linear model(1, 1, generator);
  optim::SGD optimizer(model.parameters(), optim::SGD::heavy_ball(0.1, 0.9));
  nn::ShardedGradient sharded(model, 3);
  data::DataLoader loader = training_loader(line(), options(2));
  for (int epoch = 0; epoch < 2; ++epoch)
    for (const data::Batch& batch : loader) {
      sharded.backward(batch,
                       [&](const data::Batch& part) { return nn::mse(model(part.x), part.y); });
      optimizer.step();
    }

  const TemporaryFolder folder;
  TrainingOptions three = options(2, folder.path());
  three.shards = 3;
  {
    Program program(three);
    program.signal_after = 2;
    printed([&] { CHECK(program.run() == 128 + SIGTERM); });
    CHECK(program.parts == 2 * 3);
  }
  three.saving.resume = true;
  {
    TrainingOptions two = three;
    two.shards = 2;
    Program program(two);
    CHECK(test::contains(test::error_of([&] { program.run(); }),
                         "saved with shards 3, this run has 2"));
  }
  Program program(three);
  printed([&] { CHECK(program.run() == 0); });
  CHECK(program.steps == 4);
  CHECK(program.parts == 4 * 3 - 2);  // a shard of two samples is empty, once an epoch
  CHECK(parameter_hash(program.model) == parameter_hash(model));
}

TEST_CASE("Training: shards of a model that shard() has not seen are refused") {
  TrainingOptions two = options(1);
  two.shards = 2;
  Training training("fit", two);
  data::DataLoader loader = training.loader(line());
  CHECK(test::error_of([&] {
          training.run(
              loader, [](const data::Batch&) { return 0.0; }, [] { return TestScore(); });
        }) == "batches of this model cannot be cut into shards");
}

TEST_CASE("Training: a run that is at its end is tested and not trained") {
  const TemporaryFolder folder;
  {
    Program program(options(1, folder.path()));
    printed([&] { program.run(); });
  }
  Program program(options(1, folder.path(), true));
  printed([&] { CHECK(program.run() == 0); });
  CHECK(program.steps == 0);
  CHECK(program.tests == 1);
}

TEST_CASE("Training: keeps the best, also where all scores are below 0") {
  const TemporaryFolder folder;
  Program program(options(3, folder.path()));
  program.score = [](int test) { return test == 2 ? -1.0 : -2.0; };
  printed([&] { program.run(); });
  const StateDict best = load_safetensors(folder.path() + "/best.safetensors").state;
  CHECK(best.scalar<std::int64_t>("run.epoch") == 2);
  CHECK(best.scalar<double>("run.best") == -1);
}

TEST_CASE("Training: without a folder a signal saves nothing, and says so") {
  Program program(options(1));
  program.signal_after = 1;
  const std::string out = printed([&] { CHECK(program.run() == 128 + SIGTERM); });
  CHECK(out == "fit: stopped by a signal after step 1, nothing saved\n");
}

TEST_CASE("Training: refuses a folder that cannot be written before anything else") {
  CHECK(test::error_of([] { Training("fit", options(1, "/dev/null/x")); }) ==
        "[CheckpointFolder] /dev/null/x: Not a directory");
}
