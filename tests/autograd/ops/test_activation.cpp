#include <doctest/doctest.h>

#include <cmath>
#include <plumb/autograd.hpp>

using namespace plumb;

namespace {

struct Activation {
  const char* name;
  std::function<Variable(const Variable&)> f;
};

const std::vector<Activation>& activations() {
  static const std::vector<Activation> all = {
      {"tanh", [](const Variable& x) { return tanh(x); }},
      {"sigmoid", [](const Variable& x) { return sigmoid(x); }},
      {"relu", [](const Variable& x) { return relu(x); }},
      {"leaky_relu", [](const Variable& x) { return leaky_relu(x, 0.2); }},
      {"elu", [](const Variable& x) { return elu(x, 1.5); }},
      {"gelu", [](const Variable& x) { return gelu(x); }},
      {"gelu tanh", [](const Variable& x) { return gelu(x, Gelu::tanh); }},
      {"silu", [](const Variable& x) { return silu(x); }},
      {"softplus", [](const Variable& x) { return softplus(x, 2, 5); }},
  };
  return all;
}

}  // namespace

TEST_CASE("activations: gradcheck") {
  for (const Activation& activation : activations()) {
    CAPTURE(activation.name);
    gradcheck([&](const std::vector<Variable>& v) { return activation.f(v[0]); },
              {Tensor::from({-2.7, -0.6, -0.1, 0.2, 0.8, 3.1}, {2, 3})});
  }
}

TEST_CASE("activations: a gradient is changed in place only where nobody else holds it") {
  const Variable x = Variable::leaf(Tensor::from({-1.F, 2.F}));
  const Tensor seed = Tensor::from({3.F, 5.F});
  const std::byte *behind = nullptr, *before = nullptr;
  Tensor held;
  Variable h = x * 1.0, y = relu(h), z = y * 1.0;
  h.register_hook([&](const Tensor& g) {
    before = g.raw();
    return Tensor();
  });
  SUBCASE("nobody") {
    y.register_hook([&](const Tensor& g) {
      behind = g.raw();
      return Tensor();
    });
    z.backward(seed);
    CHECK(before == behind);
  }
  SUBCASE("a hook") {
    y.register_hook([&](const Tensor& g) {
      held = g;
      return Tensor();
    });
    z.backward(seed);
    CHECK(held.to_vector<float>() == std::vector<float>{3, 5});
  }
  SUBCASE("whoever gave the seed") {
    y.backward(seed);
    CHECK(seed.to_vector<float>() == std::vector<float>{3, 5});
  }
  CHECK(x.grad().to_vector<float>() == std::vector<float>{0, 5});
}

TEST_CASE("activations: an input with another use gathers both gradients") {
  const Variable x = Variable::leaf(Tensor::from({-1.F, 2.F}));
  const Variable h = x * 1.0;
  (relu(h) * 1.0 + h * 10.0).backward(Tensor::from({3.F, 5.F}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>{30, 55});
}

TEST_CASE("activations: values and gradients are finite at +-1000, in both types") {
  for (const Activation& activation : activations()) {
    CAPTURE(activation.name);
    for (const DType dtype : {DType::float32, DType::float64}) {
      const Variable x = Variable::leaf(Tensor::from({-1000., 1000.}).to(dtype));
      const Variable y = activation.f(x);
      y.backward(Tensor::ones({2}, dtype));
      for (const std::int64_t i : {0, 1}) {
        CHECK(std::isfinite(y.value().at({i})));
        CHECK(std::isfinite(x.grad().at({i})));
      }
    }
  }
}

TEST_CASE("relu: the gradient at 0 is 0") {
  const Variable x = Variable::leaf(Tensor::from({0.f, -0.f, 1.f}));
  relu(x).backward(Tensor::ones({3}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>{0, 0, 1});
}

TEST_CASE("relu: -0 becomes 0") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const Tensor y = relu(Tensor::full({40}, -0.0, dtype)).value();
    for (std::int64_t i = 0; i < 40; ++i) CHECK_FALSE(std::signbit(y.at({i})));
  }
}

TEST_CASE("softplus: x itself above the threshold, and not at it") {
  const Variable x = Variable::leaf(Tensor::from({2.5, std::nextafter(2.5, 3)}));
  const Variable y = softplus(x, 2, 5);
  y.backward(Tensor::ones({2}, DType::float64));
  CHECK(y.value().at({0}) == doctest::Approx(2.5 + std::log1p(std::exp(-5)) / 2).epsilon(1e-15));
  CHECK(y.value().at({1}) == x.value().at({1}));
  CHECK(x.grad().at({0}) == doctest::Approx(1 / (1 + std::exp(-5))).epsilon(1e-15));
  CHECK(x.grad().at({1}) == 1);
}

TEST_CASE("softplus: beta must be positive") {
  CHECK_THROWS_WITH_AS(softplus(Tensor::ones({1}), 0), "[softplus] beta must be positive, got 0",
                       Error);
}
