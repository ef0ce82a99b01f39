// The examples of docs/nn.md, compiled and run.
#include <doctest/doctest.h>

#include <iostream>
#include <plumb/nn.hpp>
#include <sstream>

#include "../support/document.hpp"

using namespace plumb;

namespace {

class Classifier : public nn::Layer {
 public:
  explicit Classifier(Generator& generator)
      : hidden_(add("hidden", nn::Linear(784, 128, generator))),
        scores_(add("scores", nn::Linear(128, 10, generator))) {}
  Variable forward(const Variable& x) override { return scores_(relu(hidden_(x))); }

 private:
  nn::Linear& hidden_;
  nn::Linear& scores_;
};

// x [n, features] less its mean, which is estimated while training.
class Center : public nn::Layer {
 public:
  explicit Center(std::int64_t features) : mean_(add_buffer("mean", Tensor::zeros({features}))) {}
  Variable forward(const Variable& x) override {
    if (training()) mean_.set_value(0.9 * mean_.value() + 0.1 * mean(x.detach(), 0).value());
    return x - mean_;
  }

 private:
  Variable mean_;
};

// y = x w^T
class Projection : public nn::Layer {
 public:
  explicit Projection(Tensor w) : w_(add_parameter("w", std::move(w))) {}
  Variable forward(const Variable& x) override { return linear(x, w_); }
  nn::Fused fuse_with(nn::Layer& next) override {
    return fused<nn::ReLU>(*this, next, [](Projection& self, nn::ReLU&, const Variable& x) {
      return linear_relu(x, self.w_);
    });
  }

 private:
  Variable w_;
};

// Sends std::cout to a string while it lives.
class CapturedOutput {
 public:
  CapturedOutput() : before_(std::cout.rdbuf(text_.rdbuf())) {}
  ~CapturedOutput() { std::cout.rdbuf(before_); }
  std::string text() const { return text_.str(); }

 private:
  std::stringstream text_;
  std::streambuf* before_;
};

}  // namespace

TEST_CASE("docs/nn.md: a model in braces and its summary") {
  const CapturedOutput output;
  const std::uint64_t seed = 1;
  Generator generator(seed);
  nn::Sequential model{nn::Flatten(), nn::Linear(784, 128, generator), nn::ReLU(),
                       nn::Linear(128, 10, generator)};
  std::cout << nn::summary(model, {64, 1, 28, 28});
  CHECK(output.text() ==
        "layer    type        output     parameters\n"
        "(model)  Sequential  [64, 10]            0\n"
        "0        Flatten     [64, 784]           0\n"
        "1        Linear      [64, 128]     100,480\n"
        "2        ReLU        [64, 128]           0\n"
        "3        Linear      [64, 10]        1,290\n"
        "parameters: 101,770, trainable: 101,770\n");
}

TEST_CASE("docs/nn.md: a model of one's own") {
  Generator generator(1);
  Classifier model(generator);
  CHECK(model(Tensor::ones({2, 784})).shape() == Shape{2, 10});
  CHECK(model.parameters()[3].name == "scores.bias");
}

TEST_CASE("docs/nn.md: a model of two inputs") {
  struct Scores : nn::Module {
    Variable weight = add_parameter("weight", Tensor::full({3}, 0.5, DType::float64));
    Variable forward(const Variable& a, const Variable& b) { return sum(a * b * weight, 1); }
  } model;
  const Tensor source = Tensor::from({1., 2., 3., 4., 5., 6.}, {2, 3});
  const Tensor target = Tensor::full({2, 3}, 2, DType::float64);
  const std::string table =
      // clang-format off
      nn::summary(model, [&] { model.forward(source, target); });
  nn::gradcheck(model, [&](const auto& in) { return model.forward(in[0], in[1]); }, {source, target});
  // clang-format on
  CHECK(table ==
        "layer    type    output  parameters\n"
        "(model)  Scores  -                3\n"
        "parameters: 3, trainable: 3\n");
}

TEST_CASE("docs/nn.md: a layer of one's own, with a buffer") {
  const Tensor x = Tensor::from({1., 2., 3., 3., 6., 9.}, {2, 3});
  Center center(3);
  center.to(DType::float64);
  center.eval();
  nn::gradcheck(center, x);
  CHECK(center(x).value().to_vector<double>() == x.to_vector<double>());
  center.train();
  center(x);
  center.eval();
  CHECK(center(x).value().at({0, 2}) == doctest::Approx(3 - 0.6));
  CHECK(center.state_dict().tensor("mean").at({1}) == doctest::Approx(0.4));
}

TEST_CASE("docs/nn.md: two layers in one step give the bits of one after the other") {
  Tensor w = Tensor::empty({20, 30}), x = Tensor::empty({8, 30});
  Generator generator(1);
  generator.fill_normal(w);
  generator.fill_normal(x);
  const auto projection = std::make_shared<Projection>(w);
  nn::ReLU relu;
  nn::Sequential model{projection, nn::ReLU()};
  const Tensor expected = relu((*projection)(x)).value();
  {
    const Profile profile;
    CHECK(model(x).value().to_vector<float>() == expected.to_vector<float>());
    CHECK(profile.rows().size() == 1);
    CHECK(profile.rows()[0].operation == "linear_relu");
  }
  model.to(DType::float64);
  nn::gradcheck(model, x.to(DType::float64));
}

TEST_CASE("docs/nn.md: sharing, freezing, saving and loading") {
  Generator generator(1);
  const auto block = std::make_shared<nn::Linear>(64, 64, generator);
  nn::Sequential model{block, nn::Tanh(), block};
  CHECK(model.parameters().size() == 2);
  CHECK(model.state_dict().has_tensor("2.bias"));
  model.push_back(nn::Dropout(0.5, Generator(1, Stream::dropout)));
  model(Tensor::ones({4, 64}));

  for (Parameter p : model.parameters())
    if (p.name.rfind("0.", 0) == 0) p.variable.set_requires_grad(false);
  CHECK(model.parameter_count(nn::Count::trainable) == 0);

  const StateDict state = model.state_dict().clone();
  model.load_state_dict(state);                                       // all or nothing
  model.load_state_dict(state, nn::Match::lenient);                   // what is there
  model.load_state_dict(state, nn::Match::strict, nn::Convert::yes);  // float64 into float32

  StateDict streams;
  for (const nn::NamedGenerator& s : model.generators())
    streams.set(s.name, static_cast<std::int64_t>(s.generator->position()));
  CHECK(streams.scalar<std::int64_t>("3.generator") == 64);
}

TEST_CASE("docs/nn.md: sequences") {
  const std::uint64_t seed = 1;
  Generator generator(seed);
  Tensor input = Tensor::empty({4, 28, 28});
  generator.fill_normal(input);
  const Variable x = input;
  const Tensor lengths = Tensor::from<std::int64_t>({28, 3, 0, 14});
  nn::Sequential reader{nn::LSTM(28, 128, generator), nn::LastStep(),
                        nn::Linear(128, 10, generator)};
  const Variable scores = reader(x, lengths);
  CHECK(scores.shape() == Shape{4, 10});

  nn::GRU gru(28, 64, generator);
  RecurrentState state;
  for (const Variable& part : {slice(x, 1, 0, 14), slice(x, 1, 14)}) {
    const RecurrentResult result = gru.run(part, {{}, state});
    sum(result.y).backward();
    state = result.last.detach();
  }
  CHECK(state.h.shape() == Shape{1, 4, 64});
  CHECK(gru.parameters()[0].variable.grad().defined());

  nn::RecurrentOptions options;
  options.layers = 2;
  options.directions = nn::Directions::both;
  options.dropout = 0.2;
  options.noise = Generator(seed, Stream::dropout);
  nn::LSTM deep(28, 64, generator, options);
  CHECK(deep(x).shape() == Shape{4, 28, 128});
}

TEST_CASE("docs/nn.md: sequences of classes") {
  Generator generator(1);
  const Tensor x = Tensor::from<std::int64_t>({5, 1, 64, 0, 2, 0}, {2, 3});
  const Tensor y = Tensor::from<std::int64_t>({1, 64, 3, 2, -1, -1}, {2, 3});
  const Tensor lengths = Tensor::from<std::int64_t>({3, 1});
  nn::Embedding tokens(65, 32, generator);
  nn::TransformerOptions options;
  options.feed_forward = 128;
  options.dropout = 0;
  options.activation = nn::FeedForward::gelu;
  options.norm = nn::NormOrder::pre;
  options.causal = nn::Causal::yes;
  nn::Sequential body{nn::LearnedPositions(16, 32, generator),
                      nn::TransformerEncoderLayer(32, 4, generator, options),
                      nn::TransformerEncoderLayer(32, 4, generator, options), nn::LayerNorm(32)};
  nn::Linear head(tokens.weight());  // scores by the same vectors
  const Variable logits = head(body(tokens(x), lengths));
  nn::CrossEntropyOptions counted;
  counted.ignore_index = -1;  // the target of a padded step
  nn::token_cross_entropy(logits, y, counted).backward();
  CHECK(logits.shape() == Shape{2, 3, 65});
  CHECK(tokens.weight().grad().defined());

  const Tensor queries = Tensor::ones({2, 5, 32}), memory = Tensor::ones({2, 3, 32});
  AttentionMask mask;
  mask.key_lengths = lengths;
  nn::MultiheadAttention cross(32, 4, generator);
  const Variable read = cross.attend(queries, memory, mask);  // [n, L, 32] from [n, S, 32]
  CHECK(read.shape() == Shape{2, 5, 32});
}

TEST_CASE("docs/nn.md: its code is that of this file") {
  CHECK(test::code_missing_from("docs/nn.md", {__FILE__}) == "");
}
