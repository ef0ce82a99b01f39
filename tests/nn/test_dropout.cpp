#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <plumb/nn.hpp>

using namespace plumb;

TEST_CASE("Dropout: while training drops a share p and scales the rest") {
  nn::Dropout layer(0.25, Generator(1, Stream::dropout));
  const std::int64_t n = 40000;
  const Tensor y = layer(Tensor::ones({n})).value();
  const std::vector<float> values = y.to_vector<float>();
  const auto dropped = std::count(values.begin(), values.end(), 0.F);
  CHECK(std::count(values.begin(), values.end(), static_cast<float>(1 / 0.75)) == n - dropped);
  CHECK(std::abs(dropped - 0.25 * n) < 5 * std::sqrt(0.25 * 0.75 * n));
}

TEST_CASE("Dropout: in evaluation mode it returns its input and draws nothing") {
  nn::Dropout layer(0.5, Generator(1, Stream::dropout));
  layer.eval();
  const Variable x = Variable::leaf(Tensor::ones({10}));
  CHECK(layer(x).same_as(x));
  CHECK(layer.generator().position() == 0);
}

TEST_CASE("Dropout: the same position of its stream drops the same") {
  nn::Dropout layer(0.5, Generator(1, Stream::dropout));
  const Tensor x = Tensor::ones({64});
  layer(x);
  const std::uint64_t position = layer.generator().position();
  CHECK(position > 0);
  const std::vector<float> second = layer(x).value().to_vector<float>();
  const std::vector<float> third = layer(x).value().to_vector<float>();
  CHECK(second != third);

  nn::Sequential resumed{nn::Identity(), nn::Dropout(0.5, Generator(1, Stream::dropout))};
  REQUIRE(resumed.generators().size() == 1);
  CHECK(resumed.generators()[0].name == "1.generator");
  resumed.generators()[0].generator->set_position(position);
  CHECK(resumed(x).value().to_vector<float>() == second);
  CHECK(resumed(x).value().to_vector<float>() == third);
}

TEST_CASE("Dropout: gradients of one draw, in both modes") {
  nn::Dropout layer(0.5, Generator(1, Stream::dropout));
  const Tensor x = Tensor::from({1., -2., 3., 0.5, -0.25, 4.}, {2, 3});
  nn::gradcheck(layer, x);
  CHECK(layer.generator().position() == 0);
  layer.eval();
  nn::Sequential model{std::move(layer), nn::Tanh()};
  nn::gradcheck(model, x);
}

TEST_CASE("Dropout: nothing is dropped at p = 0, everything at p = 1") {
  const Tensor x = Tensor::ones({8});
  CHECK(nn::Dropout(0, Generator(1))(x).value().to_vector<float>() == std::vector<float>(8, 1));
  CHECK(nn::Dropout(1, Generator(1))(x).value().to_vector<float>() == std::vector<float>(8, 0));
}

TEST_CASE("Dropout: p outside [0, 1] or NaN is refused") {
  CHECK_THROWS_WITH_AS(nn::Dropout(1.5, Generator(1)), "[Dropout] p must be in [0, 1], got 1.5",
                       Error);
  CHECK_THROWS_WITH_AS(nn::Dropout(-0.1, Generator(1)), "[Dropout] p must be in [0, 1], got -0.1",
                       Error);
  CHECK_THROWS_WITH_AS(nn::Dropout(std::numeric_limits<double>::quiet_NaN(), Generator(1)),
                       "[Dropout] p must be in [0, 1], got nan", Error);
}

TEST_CASE("Dropout: a batch of 0 gives an empty output") {
  nn::Dropout layer(0.5, Generator(1));
  CHECK(layer(Tensor::zeros({0, 4})).shape() == Shape{0, 4});
}
