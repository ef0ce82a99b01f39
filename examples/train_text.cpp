// Trains a network that predicts the next character of a text, then lets it write.
#include <cmath>
#include <memory>
#include <plumb/plumb.hpp>

#include "support/arguments.hpp"
#include "support/format.hpp"
#include "support/program.hpp"
#include "support/text_nets.hpp"
#include "support/text_settings.hpp"
#include "support/training.hpp"
#include "support/training_options.hpp"

using namespace plumb;

namespace {

// 1. The data: the first 90 % of a text train, the others test. Its characters are the classes.
struct Text {
  data::Vocabulary vocabulary;
  Tensor train, test;
  double best = 0;  // the lowest loss that is possible, nats a character; 0: nobody knows
};

// Ids of characters. An error begins with where they are from.
Tensor encode(const data::Vocabulary& vocabulary, const std::string& characters,
              const std::string& from) {
  try {
    return vocabulary.encode(characters);
  } catch (const Error& error) {
    throw Error(from + ": " + error.what());
  }
}

Text load(const TextSettings& settings) {
  const std::string all =
      settings.data == "grammar" ? data::draw_sentences(12'000) : data::load_text(settings.data);
  const data::TextParts parts = data::split_text(all);
  Text text;
  text.vocabulary = data::Vocabulary(parts.train);
  // All at once, so that an error has the place in the file.
  const Tensor ids =
      encode(text.vocabulary, all, settings.data + ", whose first nine tenths make the vocabulary");
  text.test = text.vocabulary.encode(parts.validation);
  text.train = ids.rows(0, ids.numel() - text.test.numel());
  if (settings.data == "grammar") text.best = data::grammar_entropy();
  return text;
}

// 2. The batches. A GPT sees windows from anywhere; an LSTM reads rows of text from their beginning
// and carries its state on from batch to batch.
data::DataLoader loader_for(const Training& training, const TextSettings& settings,
                            const Tensor& ids) {
  const std::int64_t n = settings.training.batch_size, window = settings.net.window;
  if (settings.model == "lstm") {
    const auto rows = std::make_shared<data::TokenStreams>(ids, n, window);
    return training.loader(rows, std::make_shared<data::SequentialSampler>(rows->size()));
  }
  const auto windows = std::make_shared<data::TokenWindows>(ids, window);
  std::int64_t steps = settings.epoch_steps;
  if (steps == 0) steps = std::max<std::int64_t>(1, ids.numel() / window / n);
  return training.loader(windows,
                         std::make_shared<data::RandomSampler>(windows->size(), steps * n));
}

// 3. The test: the mean loss over the text, nats a character, but for less than a window at the end of
// each of 16 rows.
double test_loss(TextNet& net, const TextSettings& settings, const Tensor& ids) {
  const NoGrad no_grad;
  const nn::EvalMode evaluating(net);
  const std::int64_t rows = std::min<std::int64_t>(16, ids.numel() / (settings.net.window + 1));
  const auto streams = std::make_shared<data::TokenStreams>(ids, rows, settings.net.window);
  TextState state;
  double sum = 0;
  std::int64_t batches = 0;
  for (const data::Batch& batch : data::DataLoader(streams, streams->loader_options())) {
    if (settings.model == "gpt") state = {};  // windows side by side
    sum += nn::token_cross_entropy(net.next(batch.x, state), batch.y).item();
    ++batches;
  }
  return sum / static_cast<double>(batches);
}

int train(const TextSettings& settings) {
  Training training("train_text", settings.training);
  Text text = load(settings);
  encode(text.vocabulary, settings.prompt,
         "--prompt");  // refused now, and not after the last epoch
  TextNetOptions sizes = settings.net;
  sizes.characters = text.vocabulary.size();
  Generator generator(static_cast<std::uint64_t>(settings.training.seed), Stream::init);
  const std::unique_ptr<TextNet> net = make_text_net(settings.model, sizes, generator);
  data::DataLoader loader = loader_for(training, settings, text.train);
  optim::AdamW optimizer(decay_groups(*net), settings.adamw);
  const std::int64_t steps = loader.batches() * settings.training.epochs;
  const optim::Curve curve = optim::curve::cosine(steps, /*end=*/0.1);
  optim::Schedule schedule(optimizer,
                           optim::curve::warm_up(std::min(settings.warm_up, steps), curve));
  const Shape input{settings.training.batch_size, settings.net.window};
  std::printf("%s", nn::summary(*net, Tensor::zeros(input, DType::int64)).c_str());
  std::printf("train %lld, test %lld characters, %lld of them different; %lld steps\n\n",
              static_cast<long long>(text.train.numel()), static_cast<long long>(text.test.numel()),
              static_cast<long long>(text.vocabulary.size()), static_cast<long long>(steps));

  // 4. What a checkpoint brings back, and what must be set as when it was saved.
  training.shard(*net);
  CarriedState carried(settings.training.batch_size);
  training.carry(carried);
  Checkpoint& checkpoint = training.checkpoint();
  checkpoint.add("model", *net);
  checkpoint.add("vocabulary", text.vocabulary);
  checkpoint.add("optimizer", optimizer);
  training.add_to_checkpoint(schedule);
  checkpoint.add("state", carried);
  checkpoint.require("network", settings.model);
  checkpoint.require("seed", settings.training.seed);
  require_settings(checkpoint, optimizer);

  // 5. A step. Gradients do not go back into the state that the batch before has left.
  const auto step = [&](const data::Batch& batch) {
    if (settings.model == "gpt" || loader.position() == 1) carried.clear();  // texts begin
    optimizer.zero_grad();
    const double loss = training.backward(batch, [&](const data::Batch& part, ShardRange rows) {
      TextState state = carried.rows(rows);
      const Variable logits = net->next(part.x, state);
      carried.set_rows(rows, state);
      return nn::token_cross_entropy(logits, part.y);
    });
    carried.advance();
    optim::clip_grad_norm(net->parameters(), settings.clip);
    optimizer.step();
    schedule.step();
    return loss;
  };

  // 6. All epochs, with a test after each; then the network writes.
  double loss = 0;
  const auto test = [&] {
    loss = test_loss(*net, settings, text.test);
    return TestScore{format("test loss %.4f", loss), -loss};
  };
  const int code = training.run(loader, step, test);
  if (code != 0) return code;

  print_texts(*net, text.vocabulary, settings.prompt, settings.write, settings.training.seed);
  std::printf("\ntest loss       %.4f nats a character\n", loss);
  if (text.best > 0) std::printf("best possible   %.4f (the grammar's entropy)\n", text.best);
  training.print_end(*net);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  TextSettings settings = text_preset(arguments::value_of(argc, argv, "--preset", "demo"));
  arguments::App app(
      "Trains a network that predicts the next character of a text, then lets it write.",
      "train_text");
  add_options(app, settings);
  const int code = app.parse(argc, argv);
  if (code >= 0) return code;
  return run_program("train_text", [&] { return train(settings); });
}
