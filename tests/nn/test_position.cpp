#include <doctest/doctest.h>

#include <cmath>
#include <plumb/nn/gradcheck.hpp>
#include <plumb/nn/position.hpp>

#include "../support/errors.hpp"
#include "../support/random.hpp"

using namespace plumb;
using plumb::test::error_of;
using plumb::test::normal;

TEST_CASE("SinusoidalPositions: the table of the paper, added") {
  nn::SinusoidalPositions layer(10, 4);
  CHECK(layer.parameters().empty());
  const Tensor y = layer(Tensor::full({2, 3, 4}, 5.0, DType::float64)).value();
  const double expected[] = {std::sin(2.0), std::cos(2.0), std::sin(0.02), std::cos(0.02)};
  for (std::int64_t n = 0; n < 2; ++n)
    for (std::int64_t i = 0; i < 4; ++i)
      CHECK(y.at({n, 2, i}) == doctest::Approx(5 + expected[i]).epsilon(1e-14));
  CHECK(layer(Tensor::zeros({3, 4})).value().at({0, 1}) == 1);
  CHECK(layer(Tensor::zeros({0, 3, 4})).shape() == Shape{0, 3, 4});
}

TEST_CASE("LearnedPositions: the first rows of its weight, and their gradient") {
  Generator generator(1);
  nn::LearnedPositions layer(6, 4, generator);
  const Variable y = layer(Tensor::zeros({2, 3, 4}));
  y.backward(Tensor::ones({2, 3, 4}));
  for (std::int64_t i = 0; i < 6; ++i) {
    if (i < 3) CHECK(y.value().at({1, i, 2}) == layer.weight().value().at({i, 2}));
    CHECK(layer.weight().grad().at({i, 2}) == (i < 3 ? 2 : 0));
  }
  layer.to(DType::float64);
  nn::gradcheck(layer, normal({2, 6, 4}));
  nn::gradcheck(layer, normal({2, 1, 4}));
}

TEST_CASE("RotaryPositions: turns every head, in the dtype of its input") {
  nn::RotaryPositions layer(2, {5});
  const Tensor y = layer(Tensor::from({1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0}, {1, 2, 4})).value();
  const double c = std::cos(1.0), s = std::sin(1.0), expected[] = {c, s, -s, c};
  for (std::int64_t i = 0; i < 4; ++i)
    CHECK(y.at({0, 1, i}) == doctest::Approx(expected[i]).epsilon(1e-14));
  CHECK(layer(Tensor::ones({1, 2, 4})).value().at({0, 1, 0}) == doctest::Approx(c - s));
  nn::gradcheck(layer, normal({2, 3, 4}));
}

TEST_CASE("positions: errors name what was expected") {
  Generator generator(1);
  CHECK(error_of([] { nn::SinusoidalPositions(-1, 4); }) ==
        "[SinusoidalPositions] the sizes must not be negative, got -1 steps of 4");
  nn::SinusoidalPositions fixed(64, 128);
  CHECK(error_of([&] {
          fixed(Tensor::zeros({12, 65, 128}));
        }) ==
        "[SinusoidalPositions] expected input [..., steps, 128] of at most 64 steps, got "
        "[12, 65, 128]");
  nn::LearnedPositions learnt(4, 2, generator);
  CHECK(error_of([&] {
          learnt(Tensor::zeros({2, 3}));
        }) == "[LearnedPositions] expected input [..., steps, 2] of at most 4 steps, got [2, 3]");
  nn::RotaryPositions turning(2, {4});
  CHECK(error_of([&] {
          turning(Tensor::zeros({1, 5, 2}));
        }) == "[rotary] there are angles for 4 steps, got [1, 5, 2]");
  CHECK(error_of([] { nn::RotaryPositions(3, {4}); }) ==
        "[rotary_angles] expected steps >= 0 and an even size, got 4 and 3");
}
