#include <doctest/doctest.h>

#include <plumb/nn.hpp>

using namespace plumb;

namespace {

// y = weight^2 x + the number of calls so far, with a rule for the weight that is off by `factor`.
class Square : public nn::Layer {
 public:
  explicit Square(double factor)
      : factor_(factor),
        weight_(add_parameter("weight", Tensor::full({1}, 3, DType::float64))),
        calls_(add_buffer("calls", Tensor::scalar(0, DType::int64))) {}
  Variable forward(const Variable& x) override {
    calls_.set_value(calls_.value() + 1);
    const Tensor w = weight_.value().clone();
    const Tensor input = x.value();
    return record("square", w * w * input, {x, weight_},
                  [w, input, factor = factor_](const Tensor& g, Gradients& to) {
                    to.give(0, g * w * w);
                    to.give(1, factor * 2 * g * w * input);
                  });
  }

 private:
  double factor_;
  Variable weight_;
  Variable calls_;
};

}  // namespace

TEST_CASE("nn::gradcheck: finds a wrong gradient of a parameter, and leaves the layer as it was") {
  const Tensor x = Tensor::from({2.});
  for (const double factor : {1., 1.1}) {
    Square layer(factor);
    const Variable weight = layer.parameters()[0].variable;
    const Tensor memory = weight.value();
    if (factor == 1) {
      CHECK_NOTHROW(nn::gradcheck(layer, x));
    } else {
      CHECK_THROWS_WITH_AS(
          nn::gradcheck(layer, x),
          doctest::Contains("[gradcheck] input 1, element 0, output element 0: backward gave 13.2"),
          Error);
    }
    CHECK(weight.value().same_as(memory));
    CHECK(weight.value().item() == 3);
    CHECK_FALSE(weight.grad().defined());
    CHECK(layer.buffers()[0].variable.item() == 0);
    CHECK(x.item() == 2);
  }
}

TEST_CASE("nn::gradcheck: a frozen parameter is not an input") {
  Square layer(1.1);
  layer.parameters()[0].variable.set_requires_grad(false);
  CHECK_NOTHROW(nn::gradcheck(layer, Tensor::from({2.})));
}

TEST_CASE("nn::gradcheck: wants float64") {
  Generator generator(1);
  nn::Linear layer(1, 1, generator);
  CHECK_THROWS_WITH_AS(nn::gradcheck(layer, Tensor::ones({1, 1}, DType::float64)),
                       "[gradcheck] input 1 must be float64", Error);
}
