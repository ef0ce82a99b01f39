// A layer and operations of one's own, all checked against finite differences.
#include <cstdio>
#include <plumb/core/tensor/xtensor.hpp>
#include <plumb/plumb.hpp>
#include <xtensor/xmath.hpp>

#include "support/program.hpp"

using namespace plumb;

namespace {

// An operation: the forward in tensors, and beneath it the rule of its gradient. What the rule needs
// later it captures through Saved, which notices changes in place.
//
// y = x^2 / (1 + x^2);  dx = g 2x / (1 + x^2)^2
Variable saturating_square(const Variable& x) {
  const Tensor square = x.value() * x.value();
  return record("saturating_square", square / (1 + square), {x},
                [x = Saved(x)](const Tensor& g, Gradients& to) {
                  const Tensor d = 1 + x.get() * x;
                  to.give(0, g * 2 * x / (d * d));
                });
}

// Another, in xtensor expressions: one pass over the elements, where tensor operators make a tensor of
// every step. An expression knows its element type and its rank when it is compiled; with rank 1 it
// serves every shape and becomes a plain loop.
//
// y = x / (1 + |x|);  dx = g / (1 + |x|)^2
template <class T>
Variable softsign_of(const Variable& x) {
  const auto elements = [](const Tensor& t) {  // as long as t lives
    const Tensor flat = t.reshape({-1});
    return as_xtensor<T, 1>(flat);
  };
  const auto v = elements(x.value());
  const Tensor y = from_xtensor(v / (T(1) + xt::abs(v))).reshape(x.shape());
  return record("softsign", y, {x}, [elements, x = Saved(x)](const Tensor& g, Gradients& to) {
    const auto u = elements(x), seed = elements(g);
    const auto d = T(1) + xt::abs(u);
    to.give(0, from_xtensor(seed / (d * d)).reshape(g.shape()));
  });
}

Variable softsign(const Variable& x) {
  return x.dtype() == DType::float64 ? softsign_of<double>(x) : softsign_of<float>(x);
}

// A layer: a learnt gain for each feature, then the operation. The gradient of the gain follows
// from the operations that forward uses.
class Saturation : public nn::Layer {
 public:
  explicit Saturation(std::int64_t features)
      : gain_(add_parameter("gain", Tensor::ones({features}))) {}
  Variable forward(const Variable& x) override { return saturating_square(x * gain_); }

 private:
  Variable gain_;
};

Tensor random(const Shape& shape, std::uint64_t seed) {
  Tensor x = Tensor::empty(shape, DType::float64);
  Generator(seed).fill_normal(x);
  return x;
}

}  // namespace

int main() {
  return run_program("custom_layer", [] {
    // gradcheck throws where a gradient is wrong. It works in float64.
    gradcheck([](const std::vector<Variable>& in) { return saturating_square(in[0]); },
              {random({3, 4}, 1)});
    std::puts("saturating_square: gradients agree with finite differences");
    gradcheck([](const std::vector<Variable>& in) { return softsign(in[0]); }, {random({3, 4}, 3)});
    std::puts("softsign: gradients agree with finite differences");

    Saturation layer(4);
    layer.to(DType::float64);
    nn::gradcheck(layer, random({5, 4}, 2));
    std::puts("Saturation: gradients agree with finite differences");

    // In a model it is a layer like any other.
    Generator generator(4);
    nn::Sequential model{nn::Linear(4, 8, generator), Saturation(8), nn::Linear(8, 1, generator)};
    std::printf("\n%s", nn::summary(model, {16, 4}).c_str());

    const Tensor x = random({64, 4}, 5).to(DType::float32);
    const Tensor y = sum(Variable(x) * x, 1, KeepDims::yes).value();  // |x|^2 is to be learnt
    optim::SGD optimizer(model.parameters(), optim::SGD::heavy_ball(0.02, 0.9));
    for (int step = 1; step <= 200; ++step) {
      const Variable loss = nn::mse(model(x), y);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      if (step == 1 || step % 100 == 0) std::printf("step %3d  loss %.4f\n", step, loss.item());
    }
    return 0;
  });
}
