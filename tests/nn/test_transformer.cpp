#include <doctest/doctest.h>

#include <cmath>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/nn/embedding.hpp>
#include <plumb/nn/gradcheck.hpp>
#include <plumb/nn/loss.hpp>
#include <plumb/nn/sequential.hpp>
#include <plumb/nn/summary.hpp>
#include <plumb/nn/transformer.hpp>

#include "../support/errors.hpp"
#include "../support/random.hpp"
#include "../support/threads.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;
using plumb::test::normal;

namespace {

Tensor lengths(const std::vector<std::int64_t>& values) { return Tensor::from(values); }

std::vector<std::string> parameter_names(const nn::Module& module) {
  std::vector<std::string> result;
  for (const Parameter& p : module.parameters()) result.push_back(p.name);
  return result;
}

nn::TransformerOptions small(Causal causal = Causal::no, double dropout = 0) {
  nn::TransformerOptions options;
  options.feed_forward = 6;
  options.dropout = dropout;
  options.causal = causal;
  return options;
}

}  // namespace

TEST_CASE("transformer: parameters have PyTorch's names and order") {
  Generator generator(1);
  using Names = std::vector<std::string>;
  CHECK(parameter_names(nn::MultiheadAttention(4, 2, generator)) ==
        Names{"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"});
  CHECK(parameter_names(nn::TransformerEncoderLayer(4, 2, generator)) ==
        Names{"self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight",
              "self_attn.out_proj.bias", "linear1.weight", "linear1.bias", "linear2.weight",
              "linear2.bias", "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"});
  CHECK(parameter_names(nn::TransformerDecoderLayer(4, 2, generator)) ==
        Names{"self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight",
              "self_attn.out_proj.bias", "multihead_attn.in_proj_weight",
              "multihead_attn.in_proj_bias", "multihead_attn.out_proj.weight",
              "multihead_attn.out_proj.bias", "linear1.weight", "linear1.bias", "linear2.weight",
              "linear2.bias", "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias",
              "norm3.weight", "norm3.bias"});
}

TEST_CASE("MultiheadAttention: starts as in PyTorch") {
  Generator generator(1);
  nn::MultiheadAttention layer(64, 4, generator);
  double largest = 0;
  for (const float w : layer.in_proj_weight().value().to_vector<float>())
    largest = std::max(largest, std::abs(static_cast<double>(w)));
  const double bound = std::sqrt(6.0 / (64 + 192));
  CHECK(largest <= bound);
  CHECK(largest > 0.99 * bound);
  for (const Variable& bias : {layer.in_proj_bias(), layer.out_proj().bias()})
    for (const float b : bias.value().to_vector<float>()) CHECK(b == 0);
}

TEST_CASE("MultiheadAttention: self attention is cross attention with itself") {
  Generator generator(1);
  nn::MultiheadAttention layer(6, 2, generator);
  layer.to(DType::float64);
  const Tensor x = normal({2, 5, 6});
  AttentionMask mask;
  mask.causal = Causal::yes;
  const Tensor once = layer.attend_self(x, mask).value(), parts = layer.attend(x, x, mask).value();
  for (std::int64_t i = 0; i < 60; ++i)
    CHECK(once.data<double>()[i] == doctest::Approx(parts.data<double>()[i]).epsilon(1e-12));
}

TEST_CASE("transformer: layers pass gradcheck with ragged lengths, 0 and 1 among them") {
  Generator generator(1);
  const Tensor x = normal({3, 4, 4});
  const Tensor ragged = lengths({4, 1, 0});
  nn::MultiheadAttention attention(4, 2, generator);
  attention.to(DType::float64);
  nn::gradcheck(attention, x, ragged);
  for (const auto order : {nn::NormOrder::post, nn::NormOrder::pre})
    for (const Causal causal : {Causal::no, Causal::yes}) {
      nn::TransformerOptions options = small(causal);
      options.norm = order;
      options.activation = nn::FeedForward::gelu;
      options.rotary = nn::RotaryOptions{4};
      nn::TransformerEncoderLayer layer(4, 2, generator, options);
      layer.to(DType::float64);
      nn::gradcheck(layer, x, ragged);
    }
}

TEST_CASE("transformer: gradcheck with dropout everywhere") {
  Generator generator(1);
  nn::TransformerEncoderLayer layer(4, 2, generator, small(Causal::no, 0.3));
  layer.to(DType::float64);
  CHECK(layer.generators().size() == 4);
  nn::gradcheck(layer, normal({2, 3, 4}));
}

TEST_CASE("transformer: padding changes no bit of a sample, whatever it holds") {
  Generator generator(1);
  nn::Sequential model{nn::TransformerEncoderLayer(8, 2, generator, small()),
                       nn::TransformerEncoderLayer(8, 2, generator, small(Causal::yes))};
  const Tensor ragged = lengths({3, 5});
  const auto run = [&](float padding) {
    Tensor x = normal({2, 5, 8}, DType::float32);
    std::fill_n(x.mutable_data<float>() + 3 * 8, 2 * 8, padding);
    const Variable leaf = Variable::leaf(x);
    const Variable y = model(leaf, ragged);
    Tensor seed = normal({2, 5, 8}, DType::float32, 3);
    std::fill_n(seed.mutable_data<float>() + 3 * 8, 2 * 8, 0.0F);
    model.zero_grad();
    y.backward(seed);
    std::vector<float> all = leaf.grad().to_vector<float>();
    const std::vector<float> values = y.value().to_vector<float>();
    all.insert(all.end(), values.begin(), values.begin() + 3 * 8);
    for (const Parameter& p : model.parameters())
      for (const float g : p.variable.grad().to_vector<float>()) all.push_back(g);
    return all;
  };
  CHECK(run(0) == run(1000));

  // Alone, without padding, to rounding.
  const Tensor whole = normal({2, 5, 8}, DType::float32);
  const Tensor alone = model(whole.reshape({10, 8}).rows(0, 3).reshape({1, 3, 8})).value();
  const Tensor padded = model(whole, ragged).value();
  for (std::int64_t i = 0; i < 24; ++i)
    CHECK(padded.data<float>()[i] == doctest::Approx(alone.data<float>()[i]).epsilon(1e-5));
}

TEST_CASE("transformer: a causal layer does not see what comes") {
  Generator generator(1);
  nn::TransformerEncoderLayer layer(8, 2, generator, small(Causal::yes));
  Tensor x = normal({1, 40, 8}, DType::float32);
  const Tensor before = layer(x).value();
  std::fill_n(x.mutable_data<float>() + 35 * 8, 5 * 8, 9.0F);
  const Tensor after = layer(x).value();
  for (std::int64_t i = 0; i < 35 * 8; ++i)
    CHECK(after.data<float>()[i] == before.data<float>()[i]);
  CHECK(after.at({0, 35, 0}) != before.at({0, 35, 0}));
}

TEST_CASE("TransformerDecoderLayer: lengths of both inputs hold") {
  Generator generator(1);
  nn::TransformerDecoderLayer layer(4, 2, generator, small());
  const Tensor x = normal({2, 3, 4}, DType::float32), memory = normal({2, 5, 4}, DType::float32, 2);
  Tensor other = memory.clone();
  std::fill_n(other.mutable_data<float>() + 2 * 4, 3 * 4, 100.0F);
  const Tensor counts = lengths({2, 0}), steps = lengths({3, 1});
  const Tensor y = layer(x, memory, steps, counts).value();
  CHECK(y.to_vector<float>() == layer(x, other, steps, counts).value().to_vector<float>());
  CHECK(y.to_vector<float>() != layer(x, other).value().to_vector<float>());
  for (const float value : y.to_vector<float>()) CHECK(std::isfinite(value));
}

TEST_CASE("transformer: a model of tokens learns, with the same bits for any number of threads") {
  // Every token is the one before it plus one, modulo 5.
  std::vector<std::int64_t> drawn;
  for (std::int64_t i = 0; i < 4 * 9; ++i) drawn.push_back((i / 9 + i % 9) % 5);
  const Tensor all = Tensor::from(drawn, {4, 9});
  Tensor x = Tensor::empty({4, 8}, DType::int64), y = Tensor::empty({4, 8}, DType::int64);
  for (std::int64_t i = 0; i < 32; ++i) {
    x.mutable_data<std::int64_t>()[i] = drawn[static_cast<std::size_t>(i / 8 * 9 + i % 8)];
    y.mutable_data<std::int64_t>()[i] = drawn[static_cast<std::size_t>(i / 8 * 9 + i % 8 + 1)];
  }
  std::uint64_t first = 0;
  for (const int threads : test::thread_counts()) {
    const test::Threads scope(threads);
    Generator generator(3);
    nn::TransformerOptions options = small(Causal::yes, 0.05);
    options.norm = nn::NormOrder::pre;
    nn::Embedding tokens(5, 8, generator);
    nn::Sequential model{nn::LearnedPositions(8, 8, generator),
                         nn::TransformerEncoderLayer(8, 2, generator, options), nn::LayerNorm(8)};
    nn::Linear head(tokens.weight());
    double start = 0, loss = 0;
    for (int step = 0; step < 60; ++step) {
      const Variable value = nn::token_cross_entropy(head(model(tokens(x))), y);
      loss = value.item();
      if (step == 0) start = loss;
      for (nn::Module* module :
           {static_cast<nn::Module*>(&tokens), static_cast<nn::Module*>(&model)})
        module->zero_grad();
      value.backward();
      for (nn::Module* module :
           {static_cast<nn::Module*>(&tokens), static_cast<nn::Module*>(&model)})
        for (const Parameter& p : module->parameters()) {
          Tensor w = p.variable.value();
          const Tensor g = p.variable.grad();
          float* to = w.mutable_data<float>();
          for (std::int64_t i = 0; i < w.numel(); ++i) to[i] -= 0.1F * g.data<float>()[i];
        }
    }
    CHECK(loss < 0.5 * start);
    std::uint64_t bits = hash(tokens.weight().value(), 0);
    for (const Parameter& p : model.parameters()) bits = hash(p.variable.value(), bits);
    if (first == 0) first = bits;
    CHECK(bits == first);
  }
}

TEST_CASE("transformer: batches of none and of one step, and a summary with ids") {
  Generator generator(1);
  nn::Sequential model{nn::Embedding(1, 4, generator),
                       nn::TransformerEncoderLayer(4, 2, generator, small(Causal::yes))};
  CHECK(model(Tensor::zeros({0, 3}, DType::int64)).shape() == Shape{0, 3, 4});
  CHECK(model(Tensor::zeros({2, 0}, DType::int64)).shape() == Shape{2, 0, 4});
  CHECK(model(Tensor::zeros({2, 1}, DType::int64)).shape() == Shape{2, 1, 4});
  const std::string text = nn::summary(model, Tensor::zeros({2, 3}, DType::int64), lengths({3, 1}));
  CHECK(contains(text, "1.self_attn"));
  CHECK(contains(text, "MultiheadAttention"));
}

TEST_CASE("transformer: errors name the layer") {
  Generator generator(1);
  CHECK(error_of([&] { nn::MultiheadAttention(10, 4, generator); }) ==
        "[MultiheadAttention] 4 heads do not divide 10 columns");
  nn::MultiheadAttentionOptions options;
  options.dropout = -0.5;
  CHECK(error_of([&] { nn::MultiheadAttention(8, 4, generator, options); }) ==
        "[MultiheadAttention] dropout must be in [0, 1], got -0.5");
  nn::MultiheadAttention layer(8, 2, generator);
  CHECK(error_of([&] {
          layer(Tensor::zeros({64, 8}));
        }) == "[MultiheadAttention] expected input [n, steps, 8], got [64, 8]");
  CHECK(error_of([&] {
          layer(Tensor::zeros({2, 3, 8}), lengths({4, 1}));
        }) == "[multi_head_attention] the key length of sample 0 must be in [0, 3], got 4");
}
