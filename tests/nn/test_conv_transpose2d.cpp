#include <doctest/doctest.h>

#include <plumb/nn.hpp>

#include "../support/errors.hpp"
#include "convolution_start.hpp"

using namespace plumb;
using test::error_of;

TEST_CASE("ConvTranspose2d: its sizes, parameters and names") {
  Generator generator(1);
  nn::ConvTranspose2d layer(4, 6, {3, 2}, generator, {2, {1, 0}, {1, 0}, 1, 2});
  CHECK(layer.weight().shape() == Shape{4, 3, 3, 2});
  CHECK(layer.bias().shape() == Shape{6});
  CHECK(layer.options().output_padding == Size2d(1, 0));
  CHECK(layer.parameters()[0].name == "weight");
  CHECK(layer.parameters()[1].name == "bias");
  CHECK(layer(Tensor::ones({5, 4, 3, 4})).shape() == Shape{5, 6, 6, 8});
  CHECK(layer(Tensor::ones({0, 4, 3, 4})).shape() == Shape{0, 6, 6, 8});
  const nn::ConvTranspose2d without(4, 6, 3, generator, {}, nn::Bias::no);
  CHECK_FALSE(without.bias().defined());
  CHECK(without.parameters().size() == 1);
}

TEST_CASE("ConvTranspose2d: starts within 1 / sqrt(out / groups kh kw), weight, then bias") {
  Generator generator(5);
  test::check_start(nn::ConvTranspose2d(8, 16, {5, 3}, generator, {1, 0, 0, 1, 2}), 120, 5);
}

TEST_CASE("ConvTranspose2d: gradients of input, weight and bias") {
  Generator generator(3);
  Tensor x = Tensor::empty({2, 4, 3, 2}, DType::float64);
  generator.fill_normal(x);
  nn::ConvTranspose2d with_bias(4, 2, 3, generator, {2, 1, 1});
  nn::ConvTranspose2d without(4, 4, {2, 3}, generator, {1, {0, 1}, {2, 0}, {3, 1}, 2},
                              nn::Bias::no);
  for (nn::ConvTranspose2d* layer : {&with_bias, &without}) {
    layer->to(DType::float64);
    nn::gradcheck(*layer, x);
  }
}

TEST_CASE("ConvTranspose2d: what makes no layer is refused") {
  Generator generator(1);
  const auto message = [&](std::int64_t in, std::int64_t out, Size2d kernel,
                           const ConvTranspose2dOptions& options = {}) {
    return error_of([&] { nn::ConvTranspose2d(in, out, kernel, generator, options); });
  };
  CHECK(message(-1, 2, 3) ==
        "[ConvTranspose2d] the numbers of channels must not be negative, got in = -1, out = 2");
  CHECK(message(4, 3, 3, {1, 0, 0, 1, 2}) ==
        "[ConvTranspose2d] groups must divide the numbers of channels, got in = 4, out = 3, "
        "groups = 2");
  CHECK(message(4, 3, 0) == "[ConvTranspose2d] the kernel must be at least 1, got [0, 0]");
  CHECK(message(4, 3, 3, {0}) == "[ConvTranspose2d] stride must be in [1, 2^31), got [0, 0]");
  CHECK(message(4, 3, 3, {2, 0, 2}) ==
        "[ConvTranspose2d] output_padding must be in [0, max(stride, dilation)), got [2, 2] with "
        "stride [2, 2] and dilation [1, 1]");
  CHECK(generator.position() == 0);
}

TEST_CASE("ConvTranspose2d: a wrong input is named with both shapes") {
  Generator generator(1);
  nn::ConvTranspose2d layer(3, 2, 2, generator, {1, 1});
  CHECK(error_of([&] {
          layer(Tensor::ones({64, 1, 28, 28}));
        }) == "[ConvTranspose2d] expected input [n, 3, h, w], got [64, 1, 28, 28]");
  CHECK(error_of([&] {
          layer(Tensor::ones({3, 28, 28}));
        }) == "[ConvTranspose2d] expected input [n, 3, h, w], got [3, 28, 28]");
  CHECK(error_of([&] {
          layer(Tensor::ones({1, 3, 4, 1}));
        }) ==
        "[conv_transpose2d] the result would have 0 elements along w: x [1, 3, 4, 1], "
        "w [3, 2, 2, 2], padding 1");
}

TEST_CASE("ConvTranspose2d: takes parameters of others, which are then shared") {
  const Variable weight = Variable::leaf(Tensor::ones({2, 1, 2, 2}));
  const Variable bias = Variable::leaf(Tensor::ones({2}));
  nn::Sequential model{nn::ConvTranspose2d(weight, bias, {2, 0, 0, 1, 2}),
                       nn::ConvTranspose2d(weight, bias, {1, 0, 0, 1, 2})};
  CHECK(model.parameters().size() == 2);
  CHECK(model(Tensor::ones({1, 2, 1, 1})).shape() == Shape{1, 2, 3, 3});
  CHECK(error_of([&] {
          nn::ConvTranspose2d(Variable::leaf(Tensor::ones({2, 2})));
        }) == "[ConvTranspose2d] expected a weight [in, out / groups, kh, kw], got [2, 2]");
  CHECK(error_of([&] { nn::ConvTranspose2d(weight, Variable::leaf(Tensor::ones({3}))); }) ==
        "[ConvTranspose2d] expected a bias [1], got [3]");
  CHECK(error_of([&] {
          nn::ConvTranspose2d(weight, bias, {1, 0, 0, 1, 3});
        }) == "[ConvTranspose2d] groups must divide the inputs of the weight [2, 1, 2, 2], got 3");
}
