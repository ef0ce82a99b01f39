#include <doctest/doctest.h>

#include <cmath>
#include <plumb/nn.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/random.hpp"

using namespace plumb;
using plumb::test::deviation;
using plumb::test::error_of;
using plumb::test::normal;

namespace {

nn::RecurrentOptions deep(int layers, nn::Directions directions = nn::Directions::forward) {
  nn::RecurrentOptions options;
  options.layers = layers;
  options.directions = directions;
  return options;
}

nn::LSTM small_lstm(const nn::RecurrentOptions& options = {}) {
  Generator generator(1);
  return nn::LSTM(2, 3, generator, options);
}

}  // namespace

TEST_CASE("LSTM: has PyTorch's parameters, drawn between +-1 / sqrt(hidden)") {
  const nn::LSTM layer = small_lstm(deep(2, nn::Directions::both));
  std::vector<std::string> names;
  double most = 0;
  for (const Parameter& p : layer.parameters()) {
    names.push_back(p.name);
    for (const float value : p.variable.value().to_vector<float>())
      most = std::max(most, std::abs(static_cast<double>(value)));
  }
  CHECK(names == std::vector<std::string>{
                     "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0",
                     "weight_ih_l0_reverse", "weight_hh_l0_reverse", "bias_ih_l0_reverse",
                     "bias_hh_l0_reverse", "weight_ih_l1", "weight_hh_l1", "bias_ih_l1",
                     "bias_hh_l1", "weight_ih_l1_reverse", "weight_hh_l1_reverse",
                     "bias_ih_l1_reverse", "bias_hh_l1_reverse"});
  CHECK(layer.parameters()[8].variable.shape() == Shape{12, 6});
  CHECK(most <= 1 / std::sqrt(3.));
  CHECK(most > 0.99 / std::sqrt(3.));
  CHECK(layer.type_name() == "LSTM");
}

TEST_CASE("recurrent layers: pass gradcheck with ragged lengths") {
  const Tensor x = normal({4, 3, 2}), lengths = Tensor::from<std::int64_t>({3, 0, 1, 2});
  Generator generator(1);
  nn::RnnOptions relu;
  relu.activation = RnnActivation::relu;
  nn::RNN rnn(2, 3, generator), relu_rnn(2, 3, generator, relu);
  nn::LSTM lstm(2, 3, generator, deep(2, nn::Directions::both));
  nn::GRU gru(2, 2, generator, deep(2, nn::Directions::both));
  for (nn::Layer* layer : std::initializer_list<nn::Layer*>{&rnn, &relu_rnn, &lstm, &gru}) {
    layer->to(DType::float64);
    CHECK_NOTHROW(nn::gradcheck(*layer, x, lengths));
    CHECK_NOTHROW(nn::gradcheck(*layer, x));
  }
}

TEST_CASE("recurrent layers: dropout falls between layers, while training") {
  nn::RecurrentOptions options = deep(2);
  options.dropout = 1;
  options.noise = Generator(3, Stream::dropout);
  nn::LSTM layer = small_lstm(options);
  REQUIRE(layer.generators().size() == 1);
  CHECK(layer.generators()[0].name == "generator");
  const Tensor x = normal({2, 4, 2}, DType::float32);
  const Tensor dropped = layer(x).value();
  CHECK(deviation(dropped, layer(x * 2.0).value()) == 0);  // nothing reaches the second layer
  layer.eval();
  const Tensor whole = layer(x).value();
  CHECK(deviation(whole, dropped) > 1e-3);
  CHECK(deviation(whole, layer(x).value()) == 0);
}

TEST_CASE("recurrent layers: go on from a state") {
  nn::LSTM layer = small_lstm(deep(2));
  const Variable x = normal({2, 6, 2}, DType::float32);
  const RecurrentResult whole = layer.run(x);
  RecurrentState state;
  std::vector<Variable> parts;
  for (const int begin : {0, 3}) {
    const RecurrentResult part = layer.run(slice(x, 1, begin, begin + 3), {{}, state});
    parts.push_back(part.y);
    state = part.last.detach();
    CHECK_FALSE(state.h.requires_grad());
  }
  CHECK(state.h.shape() == Shape{2, 2, 3});
  CHECK(deviation(concat(parts, 1).value(), whole.y.value()) < 1e-6);
  CHECK(deviation(state.c.value(), whole.last.c.value()) < 1e-6);
}

TEST_CASE("recurrent layers: refuse what does not fit") {
  Generator generator(1);
  const auto made = [&](std::int64_t in, std::int64_t hidden, const nn::RecurrentOptions& options) {
    return error_of([&] { nn::GRU(in, hidden, generator, options); });
  };
  CHECK(made(0, 3, {}) ==
        "[GRU] the numbers of features must be at least 1, got in = 0, hidden = 3");
  CHECK(made(2, 3, deep(0)) == "[GRU] layers must be at least 1, got 0");
  nn::RecurrentOptions noisy = deep(2);
  noisy.dropout = 1.5;
  CHECK(made(2, 3, noisy) == "[GRU] dropout must be in [0, 1], got 1.5");
  noisy.dropout = 0.5;
  CHECK(made(2, 3, noisy) == "[GRU] dropout needs a generator as noise");
  noisy.layers = 1;
  CHECK(made(2, 3, noisy) == "[GRU] dropout between layers needs two of them");

  nn::LSTM layer = small_lstm();
  CHECK(error_of([&] {
          layer(Tensor::zeros({4, 2}));
        }) == "[LSTM] expected input [n, steps, 2], got [4, 2]");
  CHECK(error_of([&] {
          layer.run(Tensor::zeros({4, 5, 2}), {{}, {Tensor::zeros({4, 3}), {}}});
        }) == "[LSTM] expected a state h [1, 4, 3], got [4, 3]");
  CHECK(error_of([&] {
          layer(Tensor::zeros({1, 5, 2}), Tensor::from<std::int64_t>({7}));
        }) == "[LSTM] length 7 of sample 0 is out of range [0, 5]");
}

TEST_CASE("LastStep: takes the last valid step, and the first of a reverse direction") {
  const Tensor x = Tensor::from<double>({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {2, 3, 2});
  nn::LastStep last, both(nn::Directions::both);
  const Tensor lengths = Tensor::from<std::int64_t>({2, 0});
  CHECK(last(x).value().to_vector<double>() == std::vector<double>{5, 6, 11, 12});
  CHECK(last(x, lengths).value().to_vector<double>() == std::vector<double>{3, 4, 0, 0});
  CHECK(both(x).value().to_vector<double>() == std::vector<double>{5, 2, 11, 8});
  CHECK(both(x, lengths).value().to_vector<double>() == std::vector<double>{3, 2, 0, 0});
  for (nn::LastStep* layer : {&last, &both}) {
    CHECK_NOTHROW(nn::gradcheck(*layer, x));
    CHECK_NOTHROW(nn::gradcheck(*layer, x, lengths));
    CHECK((*layer)(Tensor::zeros({2, 0, 4})).value().to_vector<float>() ==
          std::vector<float>(8, 0.F));
    CHECK((*layer)(Tensor::zeros({0, 3, 4})).shape() == Shape{0, 4});
  }
  CHECK(error_of([&] {
          last(Tensor::zeros({64, 28}));
        }) == "[LastStep] expected input [n, steps, d], got [64, 28]");
  CHECK(error_of([&] {
          both(Tensor::zeros({1, 2, 3}));
        }) == "[LastStep] two directions need an even number of features, got [1, 2, 3]");
  CHECK(error_of([&] {
          last(x, Tensor::from<std::int64_t>({4, 0}));
        }) == "[LastStep] length 4 of sample 0 is out of range [0, 3]");
}

TEST_CASE("MeanOverSteps: takes the mean of the valid steps, whatever the others hold") {
  Tensor x = Tensor::from<double>({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {2, 3, 2});
  nn::MeanOverSteps layer;
  CHECK(layer(x).value().to_vector<double>() == std::vector<double>{3, 4, 9, 10});
  x.mutable_data<double>()[5] = NAN;
  const Tensor lengths = Tensor::from<std::int64_t>({2, 0});
  CHECK(layer(x, lengths).value().to_vector<double>() == std::vector<double>{2, 3, 0, 0});
  CHECK_NOTHROW(nn::gradcheck(layer, normal({2, 3, 2}), lengths));
  CHECK_NOTHROW(nn::gradcheck(layer, normal({2, 3, 2})));
  CHECK(layer(Tensor::zeros({2, 0, 3})).value().to_vector<float>() == std::vector<float>(6, 0.F));
  CHECK(error_of([&] {
          layer(Tensor::zeros({64, 28}));
        }) == "[MeanOverSteps] expected input [n, steps, d], got [64, 28]");
}

TEST_CASE("recurrent layers: a padded batch through a whole model") {
  Generator generator(1);
  nn::Sequential model{nn::GRU(2, 4, generator, deep(1, nn::Directions::both)),
                       nn::LastStep(nn::Directions::both), nn::Linear(8, 3, generator)};
  const Tensor x = normal({3, 5, 2}, DType::float32),
               lengths = Tensor::from<std::int64_t>({2, 5, 1});
  const Tensor y = model(x, lengths).value();
  for (std::int64_t i = 0; i < 3; ++i) {
    const std::int64_t length = lengths.data<std::int64_t>()[i];
    const Variable alone = slice(slice(Variable(x), 0, i, i + 1), 1, 0, length);
    CHECK(deviation(y.rows(i, i + 1), model(alone).value()) < 1e-6);
  }
  CHECK(test::contains(nn::summary(model, x, lengths), "GRU         [3, 5, 8]"));
}
