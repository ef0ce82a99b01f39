#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <plumb/nn.hpp>

using namespace plumb;

namespace {

nn::Linear known_linear() {
  return nn::Linear(Variable::leaf(Tensor::from({1., 2., 3., 4., 5., 6.}, {2, 3})),
                    Variable::leaf(Tensor::from({0.5, -1.})));
}

}  // namespace

TEST_CASE("Linear: y = x W^T + b for inputs of any rank") {
  nn::Linear layer = known_linear();
  const Variable rows = layer(Tensor::from({1., 0., -1., 0., 2., 0.}, {2, 3}));
  CHECK(rows.shape() == Shape{2, 2});
  CHECK(rows.value().to_vector<double>() == std::vector<double>{-1.5, -3, 4.5, 9});
  CHECK(layer(Tensor::ones({3}, DType::float64)).value().to_vector<double>() ==
        std::vector<double>{6.5, 14});
  CHECK(layer(Tensor::ones({4, 5, 3}, DType::float64)).shape() == Shape{4, 5, 2});
}

TEST_CASE("Linear: gradients of input, weight and bias") {
  Generator generator(3);
  nn::Linear with_bias(3, 2, generator);
  nn::Linear without(3, 2, generator, nn::Bias::no);
  Tensor x = Tensor::empty({2, 2, 3}, DType::float64);
  generator.fill_normal(x);
  for (nn::Linear* layer : {&with_bias, &without}) {
    layer->to(DType::float64);
    nn::gradcheck(*layer, x);
    nn::gradcheck(*layer, x.rows(0, 1).reshape({2, 3}));
  }
}

TEST_CASE("Linear: starts uniform within 1 / sqrt(in), weight first, then bias") {
  Generator generator(5);
  const nn::Linear layer(400, 300, generator);
  CHECK(layer.weight().shape() == Shape{300, 400});
  CHECK(layer.bias().shape() == Shape{300});
  for (const Variable& p : {layer.weight(), layer.bias()}) {
    double sum = 0;
    double square = 0;
    float largest = 0;
    for (const float value : p.value().to_vector<float>()) {
      largest = std::max(largest, std::abs(value));
      sum += value;
      square += double{value} * value;
    }
    CHECK(largest <= 0.05F);
    const double n = static_cast<double>(p.numel());
    const double deviation = 0.05 / std::sqrt(3.0);
    CHECK(std::abs(sum / n) < 5 * deviation / std::sqrt(n));
    // The variance of the square of a uniform variable is 0.8 deviation^4.
    CHECK(std::abs(square / n - deviation * deviation) <
          5 * std::sqrt(0.8 / n) * deviation * deviation);
  }
  Generator again(5);
  Tensor weight = Tensor::empty({300, 400});
  Tensor bias = Tensor::empty({300});
  again.fill_uniform(weight, -0.05, 0.05);
  again.fill_uniform(bias, -0.05, 0.05);
  CHECK(layer.weight().value().to_vector<float>() == weight.to_vector<float>());
  CHECK(layer.bias().value().to_vector<float>() == bias.to_vector<float>());
  CHECK(generator.position() == again.position());
}

TEST_CASE("Linear: without bias it has one parameter") {
  Generator generator(5);
  const nn::Linear layer(4, 3, generator, nn::Bias::no);
  CHECK_FALSE(layer.bias().defined());
  CHECK(layer.parameters().size() == 1);
  CHECK(layer.parameters()[0].name == "weight");
}

TEST_CASE("Linear: a wrong input is named with both shapes") {
  Generator generator(1);
  nn::Linear layer(784, 10, generator);
  CHECK_THROWS_WITH_AS(layer(Tensor::ones({64, 100})),
                       "[Linear] expected input [..., 784], got [64, 100]", Error);
  CHECK_THROWS_WITH_AS(layer(Tensor::scalar(1)), "[Linear] expected input [..., 784], got []",
                       Error);
  CHECK_THROWS_AS(layer(Tensor::ones({1, 784}, DType::float64)), Error);
}

TEST_CASE("Linear: a batch of 0 gives an empty output and zero gradients") {
  nn::Linear layer = known_linear();
  const Variable y = layer(Tensor::empty({0, 3}, DType::float64));
  CHECK(y.shape() == Shape{0, 2});
  y.backward(Tensor::empty({0, 2}, DType::float64));
  CHECK(layer.weight().grad().to_vector<double>() == std::vector<double>(6, 0));
  CHECK(layer.bias().grad().to_vector<double>() == std::vector<double>(2, 0));
}

TEST_CASE("Linear: sizes that make no layer are refused, zero makes an empty one") {
  Generator generator(1);
  CHECK_THROWS_WITH_AS(
      nn::Linear(-1, 3, generator),
      "[Linear] the numbers of features must not be negative, got in = -1, out = 3", Error);
  CHECK(generator.position() == 0);
  nn::Linear empty(0, 2, generator);
  CHECK(empty(Tensor::empty({3, 0})).value().to_vector<float>() == std::vector<float>(6, 0));
}

TEST_CASE("Linear: takes parameters of others, which are then shared") {
  const Variable weight = Variable::leaf(Tensor::ones({2, 2}));
  nn::Sequential model{nn::Linear(weight), nn::Linear(weight)};
  CHECK(model.parameters().size() == 1);
  model(Tensor::ones({1, 2})).backward(Tensor::ones({1, 2}));
  // y = W (W x): g (W x)^T from the outer W and (W^T g) x^T from the inner one, all elements 2.
  CHECK(weight.grad().to_vector<float>() == std::vector<float>(4, 4));
  CHECK_THROWS_WITH_AS(nn::Linear(Variable::leaf(Tensor::ones({2}))),
                       "[Linear] expected a weight [out, in], got [2]", Error);
  CHECK_THROWS_WITH_AS(nn::Linear(weight, Variable::leaf(Tensor::ones({3}))),
                       "[Linear] expected a bias [2], got [3]", Error);
}
