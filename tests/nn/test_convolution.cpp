#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <plumb/nn.hpp>

#include "../support/errors.hpp"

using namespace plumb;
using test::error_of;

namespace {

// Checks that weight and then bias are uniform within 1 / sqrt(fan), as drawn from
// Generator(seed).
template <class L>
void check_start(const L& layer, std::int64_t fan, std::uint64_t seed) {
  const double bound = 1 / std::sqrt(static_cast<double>(fan));
  Generator generator(seed);
  for (const Variable& p : {layer.weight(), layer.bias()}) {
    Tensor expected = Tensor::empty(p.shape());
    generator.fill_uniform(expected, -bound, bound);
    CHECK(p.value().template to_vector<float>() == expected.template to_vector<float>());
  }
  float largest = 0;
  for (const float value : layer.weight().value().template to_vector<float>())
    largest = std::max(largest, std::abs(value));
  CHECK(largest <= static_cast<float>(bound));
  CHECK(largest > 0.9F * static_cast<float>(bound));
}

}  // namespace

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
  check_start(nn::Conv1d(16, 8, 5, generator, {1, 0, 1, 2}), 40, 5);
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

TEST_CASE("Conv2d: its sizes, parameters and names") {
  Generator generator(1);
  nn::Conv2d layer(4, 6, {3, 2}, generator, {{2, 1}, {1, 0}, 1, 2});
  CHECK(layer.weight().shape() == Shape{6, 2, 3, 2});
  CHECK(layer.bias().shape() == Shape{6});
  CHECK(layer.options().stride == Size2d(2, 1));
  CHECK(layer.parameters()[0].name == "weight");
  CHECK(layer.parameters()[1].name == "bias");
  CHECK(layer(Tensor::ones({5, 4, 9, 8})).shape() == Shape{5, 6, 5, 7});
  CHECK(layer(Tensor::ones({0, 4, 9, 8})).shape() == Shape{0, 6, 5, 7});
  const nn::Conv2d without(4, 6, 3, generator, {}, nn::Bias::no);
  CHECK(without.weight().shape() == Shape{6, 4, 3, 3});
  CHECK_FALSE(without.bias().defined());
  CHECK(without.parameters().size() == 1);
}

TEST_CASE("Conv2d: starts uniform within 1 / sqrt(fan in), weight first, then bias") {
  Generator generator(5);
  check_start(nn::Conv2d(16, 8, {5, 3}, generator, {1, 0, 1, 2}), 120, 5);
}

TEST_CASE("Conv2d: gradients of input, weight and bias") {
  Generator generator(3);
  Tensor x = Tensor::empty({2, 4, 5, 6}, DType::float64);
  generator.fill_normal(x);
  nn::Conv2d with_bias(4, 2, 3, generator, {2, 1});
  nn::Conv2d without(4, 4, {2, 3}, generator, {1, {0, 2}, {3, 1}, 4}, nn::Bias::no);
  for (nn::Conv2d* layer : {&with_bias, &without}) {
    layer->to(DType::float64);
    nn::gradcheck(*layer, x);
  }
}

TEST_CASE("Conv2d: what makes no layer is refused, no channels make an empty one") {
  Generator generator(1);
  const auto message = [&](std::int64_t in, std::int64_t out, Size2d kernel,
                           const Conv2dOptions& options = {}) {
    return error_of([&] { nn::Conv2d(in, out, kernel, generator, options); });
  };
  CHECK(message(1, -2, 3) ==
        "[Conv2d] the numbers of channels must not be negative, got in = 1, out = -2");
  CHECK(message(3, 4, 3, {1, 0, 1, 2}) ==
        "[Conv2d] groups must divide the numbers of channels, got in = 3, out = 4, groups = 2");
  CHECK(message(4, 3, {3, 0}) == "[Conv2d] the kernel must be at least 1, got [3, 0]");
  CHECK(message(4, 3, 3, {{0, 1}}) == "[Conv2d] stride must be in [1, 2^31), got [0, 1]");
  CHECK(message(4, 3, 3, {1, -1}) == "[Conv2d] padding must be in [0, 2^31), got [-1, -1]");
  CHECK(message(4, 3, 3, {1, 0, 0}) == "[Conv2d] dilation must be in [1, 2^31), got [0, 0]");
  CHECK(message(4, 3, 3, {1, 0, 1, 0}) == "[Conv2d] groups must be in [1, 2^31), got 0");
  CHECK(generator.position() == 0);
  nn::Conv2d empty(0, 2, 1, generator);
  CHECK(empty(Tensor::empty({1, 0, 1, 1})).value().to_vector<float>() == std::vector<float>{0, 0});
}

TEST_CASE("Conv2d: a wrong input is named with both shapes") {
  Generator generator(1);
  nn::Conv2d layer(3, 2, 5, generator);
  CHECK(error_of([&] {
          layer(Tensor::ones({64, 1, 28, 28}));
        }) == "[Conv2d] expected input [n, 3, h, w], got [64, 1, 28, 28]");
  CHECK(error_of([&] {
          layer(Tensor::ones({3, 28, 28}));
        }) == "[Conv2d] expected input [n, 3, h, w], got [3, 28, 28]");
  CHECK(error_of([&] {
          layer(Tensor::ones({1, 3, 6, 4}));
        }) ==
        "[conv2d] the kernel is larger than the padded input along w: kernel 5, dilation 1, "
        "padding 0, input [1, 3, 6, 4]");
  CHECK(error_of([&] {
          layer(Tensor::ones({1, 3, 5, 5}, DType::float64));
        }) ==
        "[conv2d] element types differ: float64 and float32; Tensor::from({1.0}) is float64: write "
        "1.0f, or convert with to(DType::float32)");
}

TEST_CASE("Conv2d: takes parameters of others, which are then shared") {
  const Variable weight = Variable::leaf(Tensor::ones({2, 1, 1, 1}));
  const Variable bias = Variable::leaf(Tensor::ones({2}));
  nn::Sequential model{nn::Conv2d(weight, bias, {1, 0, 1, 2}),
                       nn::Conv2d(weight, bias, {1, 1, 1, 2})};
  CHECK(model.parameters().size() == 2);
  CHECK(model(Tensor::ones({1, 2, 1, 1})).shape() == Shape{1, 2, 3, 3});
  CHECK(error_of([&] {
          nn::Conv2d(Variable::leaf(Tensor::ones({2, 2})));
        }) == "[Conv2d] expected a weight [out, in / groups, kh, kw], got [2, 2]");
  CHECK(error_of([&] { nn::Conv2d(weight, Variable::leaf(Tensor::ones({3}))); }) ==
        "[Conv2d] expected a bias [2], got [3]");
  CHECK(error_of([&] {
          nn::Conv2d(weight, Variable(), {1, 0, 1, 3});
        }) == "[Conv2d] groups must divide the outputs of the weight [2, 1, 1, 1], got 3");
}

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
  check_start(nn::ConvTranspose2d(8, 16, {5, 3}, generator, {1, 0, 0, 1, 2}), 120, 5);
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

TEST_CASE("ConvTranspose1d: its sizes, parameters, start and gradients") {
  Generator generator(1);
  nn::ConvTranspose1d layer(4, 6, 3, generator, {2, 1, 1, 1, 2});
  CHECK(layer.weight().shape() == Shape{4, 3, 3});
  CHECK(layer.bias().shape() == Shape{6});
  CHECK(layer(Tensor::ones({5, 4, 3})).shape() == Shape{5, 6, 6});
  CHECK(layer(Tensor::ones({0, 4, 3})).shape() == Shape{0, 6, 6});
  Generator start(5);
  check_start(nn::ConvTranspose1d(8, 16, 5, start, {1, 0, 0, 1, 2}), 40, 5);
  Tensor x = Tensor::empty({2, 4, 3}, DType::float64);
  generator.fill_normal(x);
  layer.to(DType::float64);
  nn::gradcheck(layer, x);
}

TEST_CASE("ConvTranspose1d: what makes no layer and a wrong input are refused") {
  Generator generator(1);
  CHECK(error_of([&] {
          nn::ConvTranspose1d(4, 3, 3, generator, {2, 0, 2});
        }) ==
        "[ConvTranspose1d] output_padding must be in [0, max(stride, dilation)), got 2 with stride "
        "2 and dilation 1");
  nn::ConvTranspose1d layer(3, 2, 2, generator, {1, 1});
  CHECK(error_of([&] {
          layer(Tensor::ones({64, 1, 28}));
        }) == "[ConvTranspose1d] expected input [n, 3, l], got [64, 1, 28]");
  CHECK(error_of([&] {
          layer(Tensor::ones({1, 3, 1}));
        }) ==
        "[conv_transpose1d] the result would have 0 elements along l: x [1, 3, 1], w [3, 2, 2], "
        "padding 1");
  CHECK(error_of([&] {
          nn::ConvTranspose1d(Variable::leaf(Tensor::ones({2, 2})));
        }) == "[ConvTranspose1d] expected a weight [in, out / groups, k], got [2, 2]");
}
