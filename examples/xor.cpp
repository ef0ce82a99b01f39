// Learns exclusive or, the smallest problem that a single layer cannot solve.
#include <cmath>
#include <cstdio>
#include <plumb/plumb.hpp>

#include "support/program.hpp"

using namespace plumb;

int main() {
  return run_program("xor", [] {
    const Tensor x = Tensor::from({0.f, 0.f, 0.f, 1.f, 1.f, 0.f, 1.f, 1.f}, {4, 2});
    const Tensor y = Tensor::from({0.f, 1.f, 1.f, 0.f}, {4, 1});

    Generator generator(0);
    nn::Sequential model{nn::Linear(2, 8, generator), nn::Tanh(), nn::Linear(8, 1, generator)};
    optim::SGD optimizer(model.parameters(), optim::SGD::debiased(1.0, 0.9));
    for (int step = 1; step <= 300; ++step) {
      const Variable loss = nn::bce_with_logits(model(x), y);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      if (step % 100 == 0) std::printf("step %d  loss %.5f\n", step, loss.item());
    }

    const NoGrad no_grad;
    const Tensor p = sigmoid(model(x)).value();
    bool learnt = true;
    for (std::int64_t i = 0; i < 4; ++i) {
      std::printf("%g xor %g = %.3f\n", x.at({i, 0}), x.at({i, 1}), p.at({i, 0}));
      learnt = learnt && std::abs(p.at({i, 0}) - y.at({i, 0})) < 0.1;
    }
    return learnt ? 0 : 1;
  });
}
