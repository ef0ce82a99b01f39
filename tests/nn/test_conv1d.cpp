#include <doctest/doctest.h>

#include <plumb/nn.hpp>

#include "../support/errors.hpp"
#include "convolution_start.hpp"

using namespace plumb;
using test::error_of;

TEST_CASE("Conv1d: its sizes, parameters and names") {
  Generator generator(1);
  nn::Conv1d layer(4, 6, 3, generator, {2, 1, 1, 2});
  CHECK(layer.weight().shape() == Shape{6, 2, 3});
  CHECK(layer.bias().shape() == Shape{6});
  CHECK(layer.options().stride == 2);
  CHECK(layer.parameters()[0].name == "weight");
  CHECK(layer.parameters()[1].name == "bias");
  CHECK(layer(Tensor::ones({5, 4, 9})).shape() == Shape{5, 6, 5});
  CHECK(layer(Tensor::ones({0, 4, 9})).shape() == Shape{0, 6, 5});
  const nn::Conv1d without(4, 6, 3, generator, {}, nn::Bias::no);
  CHECK_FALSE(without.bias().defined());
  CHECK(without.parameters().size() == 1);
}

TEST_CASE("Conv1d: starts uniform within 1 / sqrt(fan in), weight first, then bias") {
  Generator generator(5);
  test::check_start(nn::Conv1d(16, 8, 5, generator, {1, 0, 1, 2}), 40, 5);
}

TEST_CASE("Conv1d: gradients of input, weight and bias") {
  Generator generator(3);
  Tensor x = Tensor::empty({2, 4, 7}, DType::float64);
  generator.fill_normal(x);
  nn::Conv1d with_bias(4, 2, 3, generator, {2, 1}),
      without(4, 4, 2, generator, {1, 2, 3, 4}, nn::Bias::no);
  for (nn::Conv1d* layer : {&with_bias, &without}) {
    layer->to(DType::float64);
    nn::gradcheck(*layer, x);
  }
}

TEST_CASE("Conv1d: what makes no layer is refused") {
  Generator generator(1);
  const auto message = [&](std::int64_t in, std::int64_t out, std::int64_t kernel,
                           const Conv1dOptions& options = {}) {
    return error_of([&] { nn::Conv1d(in, out, kernel, generator, options); });
  };
  CHECK(message(-1, 2, 3) ==
        "[Conv1d] the numbers of channels must not be negative, got in = -1, out = 2");
  CHECK(message(4, 3, 3, {1, 0, 1, 2}) ==
        "[Conv1d] groups must divide the numbers of channels, got in = 4, out = 3, groups = 2");
  CHECK(message(4, 3, 0) == "[Conv1d] the kernel must be at least 1, got 0");
  CHECK(message(4, 3, 3, {0}) == "[Conv1d] stride must be in [1, 2^31), got 0");
  CHECK(message(4, 3, 3, {1, -1}) == "[Conv1d] padding must be in [0, 2^31), got -1");
  CHECK(message(4, 3, 3, {1, 0, 0}) == "[Conv1d] dilation must be in [1, 2^31), got 0");
  CHECK(message(4, 3, 3, {1, 0, 1, 0}) == "[Conv1d] groups must be in [1, 2^31), got 0");
  CHECK(generator.position() == 0);
}

TEST_CASE("Conv1d: a wrong input is named with both shapes") {
  Generator generator(1);
  nn::Conv1d layer(3, 2, 5, generator);
  CHECK(error_of([&] {
          layer(Tensor::ones({64, 1, 28}));
        }) == "[Conv1d] expected input [n, 3, l], got [64, 1, 28]");
  CHECK(error_of([&] {
          layer(Tensor::ones({3, 28}));
        }) == "[Conv1d] expected input [n, 3, l], got [3, 28]");
  CHECK(error_of([&] {
          layer(Tensor::ones({1, 3, 4}));
        }) ==
        "[conv1d] the kernel is larger than the padded input along l: kernel 5, dilation 1, "
        "padding 0, input [1, 3, 4]");
}

TEST_CASE("Conv1d: takes parameters of others, which are then shared") {
  const Variable weight = Variable::leaf(Tensor::ones({2, 2, 1}));
  const Variable bias = Variable::leaf(Tensor::ones({2}));
  nn::Sequential model{nn::Conv1d(weight, bias), nn::Conv1d(weight, bias)};
  CHECK(model.parameters().size() == 2);
  CHECK(model(Tensor::ones({1, 2, 1})).value().to_vector<float>() == std::vector<float>{7, 7});
  CHECK(error_of([&] {
          nn::Conv1d(Variable::leaf(Tensor::ones({2, 2})));
        }) == "[Conv1d] expected a weight [out, in / groups, k], got [2, 2]");
  CHECK(error_of([&] { nn::Conv1d(weight, Variable::leaf(Tensor::ones({3}))); }) ==
        "[Conv1d] expected a bias [2], got [3]");
  CHECK(error_of([&] {
          nn::Conv1d(weight, Variable(), {1, 0, 1, 3});
        }) == "[Conv1d] groups must divide the outputs of the weight [2, 2, 1], got 3");
}
