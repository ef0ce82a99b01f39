// Trains a classifier of spoken words: recordings or a synthesizer, log-mel features, convolutions.
#include <memory>
#include <optional>
#include <plumb/plumb.hpp>

#include "support/arguments.hpp"
#include "support/confusion.hpp"
#include "support/format.hpp"
#include "support/program.hpp"
#include "support/speech_data.hpp"
#include "support/speech_net.hpp"
#include "support/training.hpp"
#include "support/training_options.hpp"

using namespace plumb;

namespace {

struct Settings {
  SpeechOptions data;
  std::string listen;
  double lr = 0.002;
  TrainingOptions training;
};

// 1. What it hears in a file.
void listen(nn::Layer& model, const data::Sound& sound, const SpeechData& data) {
  const NoGrad no_grad;
  const nn::EvalMode evaluating(model);
  const Tensor features = LogMel()(sound.samples);
  const Tensor x = features.reshape({1, features.dim(0), features.dim(1)});
  const Tensor shares = softmax(model(x), 1).value();
  const std::int64_t heard = argmax(shares, 1).item<std::int64_t>();
  std::printf("heard           %s (%.1f %%)\n", data.classes[heard].c_str(),
              100 * shares.at({0, heard}));
}

int train(const Settings& settings) {
  Training training("train_speech", settings.training);
  std::optional<data::Sound> sound;  // read first, so that a wrong file is not told after an hour
  if (!settings.listen.empty()) sound = data::load_wav(settings.listen, {8000});

  // 2. The data (support/speech_data.cpp): clips of any lengths as log-mel features. The model
  // (support/speech_net.cpp): convolutions. The learning rate rises for an epoch, then falls.
  const SpeechData data = load_speech(settings.data, settings.training.seed);
  const auto seed = static_cast<std::uint64_t>(settings.training.seed);
  Generator generator(seed, Stream::init);
  SpeechNet model(LogMelOptions().bands, static_cast<std::int64_t>(data.classes.size()), generator,
                  Generator(seed, Stream::dropout));
  optim::AdamW::Options options;
  options.lr = settings.lr;
  options.weight_decay = 0.05;
  optim::AdamW optimizer(model.parameters(), options);
  // Clips of nearly the same length stand in one batch; 8 batches are sorted at a time.
  data::DataLoader loader = training.loader(
      data.train,
      std::make_shared<data::BucketSampler>(data.train_lengths, settings.training.batch_size, 8));
  const std::int64_t epoch = loader.batches(), steps = epoch * settings.training.epochs;
  optim::Schedule schedule(optimizer, optim::curve::warm_up(epoch, optim::curve::cosine(steps)));
  std::printf("%lld parameters; train %lld, test %lld clips\n\n",
              static_cast<long long>(model.parameter_count()),
              static_cast<long long>(data.train->size()),
              static_cast<long long>(data.test->size()));

  training.shard(model);
  Checkpoint& checkpoint = training.checkpoint();
  checkpoint.add("model", model);
  checkpoint.add("optimizer", optimizer);
  training.add_to_checkpoint(schedule);
  checkpoint.require("data", data.name);
  checkpoint.require("seed", settings.training.seed);

  // 3. A step, the test after each epoch, and all epochs.
  const auto step = [&](const data::Batch& batch) {
    optimizer.zero_grad();
    const double loss = training.backward(batch, [&](const data::Batch& part) {
      return nn::cross_entropy(model(part.x, part.lengths), part.y);
    });
    optimizer.step();
    schedule.step();
    return loss;
  };
  Confusion confusion(data.classes);
  const auto test = [&] {
    confusion = test_classes(model, data.test, data.classes);
    const double accuracy = confusion.accuracy();
    return TestScore{format("test accuracy %.2f %%", 100 * accuracy), accuracy};
  };
  const int code = training.run(loader, step, test);
  if (code != 0) return code;

  confusion.print();
  std::printf("\ntest accuracy   %.2f %%\n", 100 * confusion.accuracy());
  if (data.best < 1) std::printf("best to expect  %.2f %%\n", 100 * data.best);
  training.print_end(model);
  if (sound) listen(model, *sound, data);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  settings.training.epochs = 8;
  settings.training.batch_size = 16;
  arguments::App app("Trains a classifier of spoken words.", "train_speech");
  add_options(app, settings.data);
  add_length_options(app, settings.training);
  app.add_option("--lr", settings.lr, "highest learning rate of AdamW").real_number(0, 1e6);
  app.add_option("--listen", settings.listen, "WAV file: says in the end what is heard there")
      .not_empty();
  add_run_options(app, settings.training);
  const int code = app.parse(argc, argv, [&] {
    // A small set is gone through more often.
    if (settings.data.folder != "synthetic" && !app.given("--epochs"))
      settings.training.epochs = 40;
  });
  if (code >= 0) return code;
  return run_program("train_speech", [&] { return train(settings); });
}
