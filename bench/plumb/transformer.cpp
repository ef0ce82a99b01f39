// plumb's steps of a small GPT, and its embedding.
#include <algorithm>
#include <plumb/plumb.hpp>
#include <string>
#include <vector>

#include "../shared/workloads.hpp"
#include "tensors.hpp"

using namespace plumb;

namespace {

using bench::baby_gpt;

Tensor tokens_from(std::int64_t batch, std::int64_t first) {
  return Tensor::from(bench::tokens(batch * baby_gpt.window, baby_gpt.vocabulary, first),
                      {batch, baby_gpt.window});
}

nn::Sequential layers(Generator& generator) {
  nn::TransformerOptions options;
  options.feed_forward = 4 * baby_gpt.width;
  options.dropout = 0;
  options.activation = nn::FeedForward::gelu;
  options.norm = nn::NormOrder::pre;
  options.causal = Causal::yes;
  nn::Sequential result{nn::LearnedPositions(baby_gpt.window, baby_gpt.width, generator)};
  for (std::int64_t i = 0; i < baby_gpt.layers; ++i)
    result.push_back(
        nn::TransformerEncoderLayer(baby_gpt.width, baby_gpt.heads, generator, options));
  result.push_back(nn::LayerNorm(baby_gpt.width));
  return result;
}

// The values that libtorch's side has as well: matrices in the order of the parameters, biases 0.
void set_values(const Parameters& parameters) {
  std::uint32_t seed = 0;
  for (const Parameter& p : parameters) {
    Tensor value = p.variable.value();
    if (value.rank() > 1) {
      bench::fill(value.mutable_data<float>(), value.numel(), ++seed, baby_gpt.scale);
    } else if (p.name.find("bias") != std::string::npos) {
      value.fill(0);
    }
  }
}

}  // namespace

namespace bench {

void gpt(std::int64_t batch) {
  Generator generator(0);
  nn::Embedding embedding(baby_gpt.vocabulary, baby_gpt.width, generator);
  nn::Sequential body = layers(generator);
  nn::Linear head(embedding.weight());
  Parameters parameters = embedding.parameters();
  for (Parameter& p : body.parameters()) parameters.push_back({"body." + p.name, p.variable});
  set_values(parameters);
  optim::AdamWOptions options;
  options.beta2 = 0.99;
  options.weight_decay = 0.1;
  optim::AdamW optimizer(parameters, options);
  const Tensor x = tokens_from(batch, 0), y = tokens_from(batch, 1);
  time_training([&] {
    const Variable loss = nn::token_cross_entropy(head(body(embedding(x))), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    return loss;
  });
}

void embedding(std::int64_t ids) {
  const Variable weight = Variable::leaf(values({embedding_rows, embedding_width}, 1, 1));
  const Tensor x = Tensor::from(tokens(ids, embedding_rows, 0));
  const Tensor g = values({ids, embedding_width}, 2, 1);
  const auto pass = [&] {
    Variable leaf = weight;
    leaf.zero_grad();
    const Variable y = plumb::embedding(leaf, x);
    y.backward(g);
    return y.value().rows(ids - 1, ids).at({0, 7});
  };
  check(pass());
  check(weight.grad().at({embedding_rows / 2, 3}));
  time(pass);
}

}  // namespace bench
