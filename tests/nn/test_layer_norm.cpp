#include <doctest/doctest.h>

#include <cmath>
#include <plumb/nn/gradcheck.hpp>
#include <plumb/nn/layer_norm.hpp>

#include "../support/errors.hpp"
#include "../support/random.hpp"

using namespace plumb;
using plumb::test::error_of;
using plumb::test::normal;

namespace {

nn::LayerNormOptions plain() { return {1e-5, nn::Affine::no}; }

}  // namespace

TEST_CASE("LayerNorm: each row by its own mean and deviation, in training and evaluation") {
  nn::LayerNorm layer(4, {0, nn::Affine::no});
  layer.to(DType::float64);
  const Tensor x = Tensor::from({1., 3., 5., 7., 10., 10., 20., 20.}, {2, 4});
  const Tensor y = layer(x).value();
  CHECK(y.at({0, 3}) == doctest::Approx(3 / std::sqrt(5.0)).epsilon(1e-15));
  CHECK(y.at({1, 0}) == doctest::Approx(-1).epsilon(1e-15));
  layer.eval();
  CHECK(layer(x).value().to_vector<double>() == y.to_vector<double>());
}

TEST_CASE("LayerNorm: one size is the last axis, several are the last ones") {
  const nn::LayerNorm one(4), several({3, 4});
  CHECK(one.weight().shape() == Shape{4});
  CHECK(several.weight().shape() == Shape{3, 4});
  CHECK(several.bias().shape() == Shape{3, 4});
  CHECK(several.weight().value().to_vector<float>() == std::vector<float>(12, 1));
  CHECK(several.bias().value().to_vector<float>() == std::vector<float>(12, 0));
  CHECK(several.parameters()[0].name == "weight");
  CHECK(several.parameters()[1].name == "bias");
  const nn::LayerNorm bare(4, plain());
  CHECK(bare.parameters().empty());
  CHECK_FALSE(bare.bias().defined());
}

TEST_CASE("LayerNorm: gradients, affine or not") {
  nn::LayerNorm one(4), several({3, 4}), bare(4, plain());
  for (nn::LayerNorm* layer : {&one, &several, &bare}) {
    layer->to(DType::float64);
    nn::gradcheck(*layer, normal({2, 3, 4}));
  }
}

TEST_CASE("LayerNorm: a batch of 0 gives an empty output") {
  nn::LayerNorm layer(4);
  CHECK(layer(Tensor::empty({0, 4})).shape() == Shape{0, 4});
}

TEST_CASE("LayerNorm: wrong inputs and options are named") {
  nn::LayerNorm layer(128), image({3, 4});
  CHECK(error_of([&] {
          layer(Tensor::zeros({64, 100}));
        }) == "[LayerNorm] expected an input that ends in [128], got [64, 100]");
  CHECK(error_of([&] { image(Tensor::zeros({4})); }) ==
        "[LayerNorm] expected an input that ends in [3, 4], got [4]");
  CHECK(error_of([] { nn::LayerNorm(Shape{}); }) == "[LayerNorm] no axis is to be normalized");
  CHECK(error_of([] {
          nn::LayerNorm({3, -4});
        }) == "[LayerNorm] sizes must not be negative, got [3, -4]");
  CHECK(error_of([] { nn::LayerNorm(3, {-1e-5}); }) ==
        "[LayerNorm] eps must be in [0, inf), got -1e-05");
}
