#include <doctest/doctest.h>

#include <plumb/nn.hpp>

using namespace plumb;

namespace {

// As in the documentation of Layer.
class Gain : public nn::Layer {
 public:
  explicit Gain(std::int64_t features) : gain_(add_parameter("gain", Tensor::ones({features}))) {}
  Variable forward(const Variable& x) override { return x * gain_; }

 private:
  Variable gain_;
};

}  // namespace

TEST_CASE("Layer: one of one's own is called, trained, listed and checked like any other") {
  Gain gain(2);
  CHECK(gain.parameters()[0].name == "gain");
  gain.parameters()[0].variable.set_value(Tensor::from({3.F, 4.F}));
  const Variable y = gain(Tensor::from({1.F, 2.F}));
  CHECK(y.value().to_vector<float>() == std::vector<float>{3, 8});
  y.backward(Tensor::ones({2}));
  CHECK(gain.parameters()[0].variable.grad().to_vector<float>() == std::vector<float>{1, 2});

  nn::Sequential model{Gain(3), nn::Tanh(), Gain(3)};
  model.to(DType::float64);
  nn::gradcheck(model, Tensor::from({0.5, -1., 2.}, {1, 3}));
}

TEST_CASE("Layer: an undefined input is refused by the layer's name") {
  CHECK_THROWS_WITH_AS(Gain(2)(Variable()), "[Gain] the input is undefined", Error);
}
