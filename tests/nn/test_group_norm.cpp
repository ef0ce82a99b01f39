#include <doctest/doctest.h>

#include <cmath>
#include <plumb/nn/gradcheck.hpp>
#include <plumb/nn/group_norm.hpp>

#include "../support/errors.hpp"
#include "../support/random.hpp"

using namespace plumb;
using plumb::test::error_of;
using plumb::test::normal;

TEST_CASE("GroupNorm: each group of channels of a sample by its own mean and deviation") {
  nn::GroupNorm layer(2, 4, {0, nn::Affine::no});
  layer.to(DType::float64);
  const Tensor x = Tensor::from({1., 3., 5., 7., 10., 10., 20., 20.}, {1, 4, 2});
  const Tensor y = layer(x).value();
  CHECK(y.at({0, 1, 1}) == doctest::Approx(3 / std::sqrt(5.0)).epsilon(1e-15));
  CHECK(y.at({0, 2, 0}) == doctest::Approx(-1).epsilon(1e-15));
  CHECK(y.at({0, 3, 1}) == doctest::Approx(1).epsilon(1e-15));
  layer.eval();
  CHECK(layer(x).value().to_vector<double>() == y.to_vector<double>());
}

TEST_CASE("GroupNorm: weight and bias belong to channels") {
  const nn::GroupNorm layer(2, 6);
  CHECK(layer.weight().value().to_vector<float>() == std::vector<float>(6, 1));
  CHECK(layer.bias().value().to_vector<float>() == std::vector<float>(6, 0));
  CHECK(layer.parameters()[0].name == "weight");
  CHECK(layer.parameters()[1].name == "bias");
  const nn::GroupNorm bare(2, 6, {1e-5, nn::Affine::no});
  CHECK(bare.parameters().empty());
  CHECK_FALSE(bare.weight().defined());
}

TEST_CASE("GroupNorm: gradients for inputs of any rank, affine or not") {
  nn::GroupNorm layer(2, 4), each(4, 4), bare(2, 4, {1e-5, nn::Affine::no});
  for (nn::GroupNorm* norm : {&layer, &each, &bare}) {
    norm->to(DType::float64);
    nn::gradcheck(*norm, normal({2, 4, 3}));
    nn::gradcheck(*norm, normal({2, 4, 2, 2}));
  }
  nn::gradcheck(layer, normal({3, 4}));
}

TEST_CASE("GroupNorm: a batch of 0 gives an empty output") {
  nn::GroupNorm layer(2, 4);
  CHECK(layer(Tensor::empty({0, 4, 3})).shape() == Shape{0, 4, 3});
}

TEST_CASE("GroupNorm: wrong inputs and options are named") {
  nn::GroupNorm layer(2, 6);
  CHECK(error_of([&] {
          layer(Tensor::zeros({64, 4, 7, 7}));
        }) == "[GroupNorm] expected input [n, 6, ...], got [64, 4, 7, 7]");
  CHECK(error_of([&] { layer(Tensor::zeros({6})); }) ==
        "[GroupNorm] expected input [n, 6, ...], got [6]");
  CHECK(error_of([] { nn::GroupNorm(4, 6); }) == "[GroupNorm] 4 groups do not divide 6 channels");
  CHECK(error_of([] { nn::GroupNorm(0, 6); }) == "[GroupNorm] 0 groups do not divide 6 channels");
  CHECK(error_of([] { nn::GroupNorm(1, -6); }) ==
        "[GroupNorm] the number of channels must not be negative, got -6");
  CHECK(error_of([] { nn::GroupNorm(2, 6, {-1e-5}); }) ==
        "[GroupNorm] eps must be in [0, inf), got -1e-05");
}
