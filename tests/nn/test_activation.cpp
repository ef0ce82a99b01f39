#include <doctest/doctest.h>

#include <cmath>
#include <plumb/nn.hpp>

using namespace plumb;

namespace {

// What a layer makes of one number.
double at(nn::Layer&& layer, double x) { return layer(Tensor::from({x})).value().item(); }

}  // namespace

TEST_CASE("activations: values") {
  CHECK(at(nn::ReLU(), 2) == 2);
  CHECK(at(nn::ReLU(), -2) == 0);
  CHECK(at(nn::LeakyReLU(), -2) == doctest::Approx(-0.02));
  CHECK(at(nn::LeakyReLU(0.25), -2) == -0.5);
  CHECK(at(nn::ELU(), -1) == doctest::Approx(std::exp(-1) - 1));
  CHECK(at(nn::ELU(2), -1) == doctest::Approx(2 * (std::exp(-1) - 1)));
  const double distribution = 0.5 * std::erfc(-std::sqrt(0.5));  // P(Z < 1)
  CHECK(at(nn::GELU(), 1) == doctest::Approx(distribution));
  CHECK(at(nn::GELU(Gelu::tanh), 1) == doctest::Approx(distribution).epsilon(1e-3));
  CHECK(at(nn::GELU(Gelu::tanh), 1) != doctest::Approx(distribution).epsilon(1e-6));
  CHECK(at(nn::SiLU(), 1) == doctest::Approx(1 / (1 + std::exp(-1))));
  CHECK(at(nn::Softplus(), 1) == doctest::Approx(std::log1p(std::exp(1))));
  CHECK(at(nn::Softplus(2), 1) == doctest::Approx(std::log1p(std::exp(2)) / 2));
  CHECK(at(nn::Softplus(1, 0.5), 1) == 1);
  CHECK(at(nn::Tanh(), 1) == doctest::Approx(std::tanh(1)));
  CHECK(at(nn::Sigmoid(), 1) == doctest::Approx(1 / (1 + std::exp(-1))));
}

TEST_CASE("activations: softmax along the last axis or a given one") {
  const Tensor x = Tensor::from({0., std::log(3.), 0., 0.}, {2, 2});
  const Tensor rows = nn::Softmax()(x).value();
  CHECK(rows.at({0, 1}) == doctest::Approx(0.75));
  CHECK(rows.at({1, 1}) == doctest::Approx(0.5));
  const Tensor columns = nn::Softmax(0)(x).value();
  CHECK(columns.at({0, 1}) == doctest::Approx(0.75));
  CHECK(columns.at({0, 0}) == doctest::Approx(0.5));
  CHECK(nn::LogSoftmax()(x).value().at({0, 1}) == doctest::Approx(std::log(0.75)));
  CHECK(nn::LogSoftmax(0)(x).value().at({0, 0}) == doctest::Approx(std::log(0.5)));
}

TEST_CASE("activations: gradients of every layer") {
  const Tensor x = Tensor::from({-1.5, -0.4, 0.3, 0.9, 2., -3.}, {2, 3});
  nn::ReLU relu;
  nn::LeakyReLU leaky_relu(0.2);
  nn::ELU elu(1.5);
  nn::GELU gelu;
  nn::GELU gelu_tanh(Gelu::tanh);
  nn::SiLU silu;
  nn::Softplus softplus(2);
  nn::Tanh tanh;
  nn::Sigmoid sigmoid;
  nn::Softmax softmax;
  nn::Softmax softmax_columns(0);
  nn::LogSoftmax log_softmax;
  nn::LogSoftmax log_softmax_columns(0);
  for (nn::Layer* layer : std::vector<nn::Layer*>{
           &relu, &leaky_relu, &elu, &gelu, &gelu_tanh, &silu, &softplus, &tanh, &sigmoid, &softmax,
           &softmax_columns, &log_softmax, &log_softmax_columns}) {
    INFO(layer->type_name());
    CHECK_NOTHROW(nn::gradcheck(*layer, x));
  }
}

TEST_CASE("activations: a batch of 0 gives an empty output") {
  const Tensor x = Tensor::zeros({0, 3});
  CHECK(nn::ReLU()(x).shape() == Shape{0, 3});
  CHECK(nn::Softmax()(x).shape() == Shape{0, 3});
  CHECK(nn::LogSoftmax()(x).shape() == Shape{0, 3});
}

TEST_CASE("activations: options that make no function are refused") {
  CHECK_THROWS_WITH_AS(nn::Softplus(0), "[Softplus] beta must be positive, got 0", Error);
  CHECK_THROWS_AS(nn::Softmax(2)(Tensor::ones({2, 3})), Error);
}
