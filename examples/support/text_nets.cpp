#include "text_nets.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace plumb;

namespace {

class LstmNet final : public TextNet {
 public:
  LstmNet(const TextNetOptions& options, Generator& generator)
      : embedding_(add("embedding", nn::Embedding(options.characters, options.width, generator))),
        lstm_(add("lstm", nn::LSTM(options.width, options.width, generator,
                                   recurrent(options, generator)))),
        dropout_(add("dropout", nn::Dropout(options.dropout, generator.fork()))),
        head_(add("head", nn::Linear(options.width, options.characters, generator))) {}

  Variable next(const Tensor& ids, TextState& state) override {
    nn::RecurrentInput input;
    if (!state.empty()) input.state = {transpose(state[0], 0, 1), transpose(state[1], 0, 1)};
    const RecurrentResult result = lstm_.run(embedding_(ids), input);
    state = {transpose(result.last.h.value(), 0, 1).value(),
             transpose(result.last.c.value(), 0, 1).value()};
    return head_(dropout_(result.y));
  }

 private:
  static nn::RecurrentOptions recurrent(const TextNetOptions& options, Generator& generator) {
    nn::RecurrentOptions recurrent;
    recurrent.layers = static_cast<int>(options.layers);
    recurrent.dropout = options.layers > 1 ? options.dropout : 0;
    recurrent.noise = generator.fork();
    return recurrent;
  }

  nn::Embedding& embedding_;
  nn::LSTM& lstm_;
  nn::Dropout& dropout_;
  nn::Linear& head_;
};

class GptNet final : public TextNet {
 public:
  GptNet(const TextNetOptions& options, Generator& generator)
      : window_(options.window),
        tokens_(add("tokens", nn::Embedding(options.characters, options.width, generator))),
        positions_(
            add("positions", nn::LearnedPositions(options.window, options.width, generator))),
        blocks_(add("blocks", make_blocks(options, generator))),
        norm_(add("norm", nn::LayerNorm(options.width))),
        head_(add("head", nn::Linear(tokens_.weight()))) {
    for (const Parameter& parameter : parameters())
      if (parameter.variable.rank() >= 2) {
        Tensor weight = parameter.variable.value();
        nn::init::normal(weight, generator, 0, 0.02);
      }
  }

  Variable forward(const Variable& ids) override {
    return head_(norm_(blocks_(positions_(tokens_(ids)))));
  }

  Variable next(const Tensor& ids, TextState& state) override {
    Tensor seen = ids;
    if (!state.empty()) seen = concat({state[0], ids}, 1).value();
    const auto last = [&](const Variable& x, std::int64_t steps) {
      return slice(x, 1, std::max<std::int64_t>(0, x.dim(1) - steps));
    };
    seen = last(seen, window_).value();
    state = {seen};
    return last(forward(seen), ids.dim(1));
  }

 private:
  static nn::Sequential make_blocks(const TextNetOptions& options, Generator& generator) {
    nn::TransformerOptions block;
    block.feed_forward = 4 * options.width;
    block.dropout = options.dropout;
    block.activation = nn::FeedForward::gelu;
    block.norm = nn::NormOrder::pre;
    block.causal = nn::Causal::yes;
    nn::Sequential blocks;
    for (std::int64_t i = 0; i < options.layers; ++i)
      blocks.push_back(nn::TransformerEncoderLayer(options.width, options.heads, generator, block));
    return blocks;
  }

  std::int64_t window_;
  nn::Embedding& tokens_;
  nn::LearnedPositions& positions_;
  nn::Sequential& blocks_;
  nn::LayerNorm& norm_;
  nn::Linear& head_;
};

// A class drawn from softmax(logits / temperature), of logits [classes]; temperature 0: the likeliest.
std::int64_t draw(const float* logits, std::int64_t classes, double temperature,
                  Generator& generator) {
  const float* largest = std::max_element(logits, logits + classes);
  if (temperature == 0) return largest - logits;
  std::vector<double> sums(static_cast<std::size_t>(classes));
  double sum = 0;
  for (std::int64_t i = 0; i < classes; ++i)
    sums[static_cast<std::size_t>(i)] = sum +=
        std::exp((double{logits[i]} - double{*largest}) / temperature);
  const auto found = std::upper_bound(sums.begin(), sums.end(), generator.uniform() * sum);
  return std::min<std::int64_t>(found - sums.begin(), classes - 1);
}

}  // namespace

std::unique_ptr<TextNet> make_text_net(const std::string& model, const TextNetOptions& options,
                                       Generator& generator) {
  if (model == "gpt") return std::make_unique<GptNet>(options, generator);
  return std::make_unique<LstmNet>(options, generator);
}

std::vector<optim::ParameterGroup> decay_groups(const nn::Module& model) {
  optim::ParameterGroup matrices, others;
  for (const Parameter& parameter : model.parameters())
    (parameter.variable.rank() >= 2 ? matrices : others).parameters.push_back(parameter);
  others.options = {{"weight_decay", 0.0}};
  return {matrices, others};
}

std::string write_text(TextNet& net, const data::Vocabulary& vocabulary, const std::string& prompt,
                       std::int64_t characters, double temperature, Generator& generator) {
  const NoGrad no_grad;
  const nn::EvalMode evaluating(net);
  TextState state;
  std::string text = prompt;
  Tensor ids = vocabulary.encode(prompt);
  ids = ids.reshape({1, ids.numel()});
  for (std::int64_t i = 0; i < characters; ++i) {
    const Tensor logits = net.next(ids, state).value();
    const float* last = logits.data<float>() + logits.numel() - vocabulary.size();
    const std::int64_t id = draw(last, vocabulary.size(), temperature, generator);
    text += vocabulary.token(id);
    ids = Tensor::full({1, 1}, static_cast<double>(id), DType::int64);
  }
  return text;
}

void print_texts(TextNet& net, const data::Vocabulary& vocabulary, const std::string& prompt,
                 std::int64_t characters, std::int64_t seed) {
  for (const double temperature : {0.5, 0.8, 1.0}) {
    Generator draws(static_cast<std::uint64_t>(seed), Stream::data);
    const std::string text = write_text(net, vocabulary, prompt, characters, temperature, draws);
    std::printf("\n--- temperature %.1f ---\n%s\n", temperature, text.c_str());
  }
}
