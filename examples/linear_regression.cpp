// Fits a line to noisy points: variables, a loss, gradients, and one optimizer step after another.
#include <cstdio>
#include <plumb/plumb.hpp>

#include "support/program.hpp"

using namespace plumb;

int main() {
  return run_program("linear_regression", [] {
    // 256 points of y = 3 x_1 - 2 x_2 + 0.5 with a little noise.
    Generator generator(1, Stream::data);
    Tensor x = Tensor::empty({256, 2});
    generator.fill_uniform(x, -1, 1);
    Tensor noise = Tensor::empty({256, 1});
    generator.fill_normal(noise, 0, 0.05);
    const Variable truth = matmul(x, Tensor::from({3.f, -2.f}, {2, 1})) + 0.5;
    const Tensor y = truth.value() + noise;

    // What is to be found: leaves, whose gradients backward() fills.
    const Variable weight = Variable::leaf(Tensor::zeros({2, 1}));
    const Variable bias = Variable::leaf(Tensor::zeros({1}));
    optim::SGD optimizer(Parameters{{"weight", weight}, {"bias", bias}}, optim::SGD::plain(0.5));

    for (int step = 1; step <= 100; ++step) {
      const Variable loss = nn::mse(matmul(x, weight) + bias, y);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      if (step == 1 || step % 20 == 0) std::printf("step %3d  loss %.5f\n", step, loss.item());
    }
    const Tensor w = weight.value();
    std::printf("y = %.3f x_1 %+.3f x_2 %+.3f   (made from 3 x_1 - 2 x_2 + 0.5)\n", w.at({0, 0}),
                w.at({1, 0}), bias.item());
    return 0;
  });
}
