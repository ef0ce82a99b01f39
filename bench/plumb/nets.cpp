// plumb's training steps.
#include <cmath>
#include <plumb/plumb.hpp>

#include "../shared/workloads.hpp"
#include "tensors.hpp"

using namespace plumb;

namespace {

// Uniform in +-1/sqrt(in).
Variable weights(const Shape& shape, std::uint32_t seed) {
  const double in = static_cast<double>(shape.numel(1, shape.rank()));
  return Variable::leaf(bench::values(shape, seed, 1 / std::sqrt(in)));
}

nn::Linear linear(std::int64_t in, std::int64_t out, std::uint32_t seed) {
  return nn::Linear(weights({out, in}, seed), Variable::leaf(Tensor::zeros({out})));
}

nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::uint32_t seed,
                std::int64_t padding) {
  return nn::Conv2d(weights({out, in, kernel, kernel}, seed), Variable::leaf(Tensor::zeros({out})),
                    {1, padding});
}

void train(nn::Sequential model, const Shape& input, std::int64_t classes = 10) {
  optim::SGD optimizer(model.parameters(), optim::SGD::heavy_ball(0.01, 0.9));
  const Tensor x = bench::values(input, 4, 1);
  const Tensor y = Tensor::from(bench::labels(input[0], classes));
  bench::time_training([&] {
    const Variable loss = nn::cross_entropy(model(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    return loss;
  });
}

}  // namespace

namespace bench {

void set_threads(int threads) { set_num_threads(threads); }

void mlp(std::int64_t batch) {
  train(nn::Sequential{linear(784, 256, 1), nn::ReLU(), linear(256, 128, 2), nn::ReLU(),
                       linear(128, 10, 3)},
        {batch, 784});
}

void tiny(std::int64_t batch) {
  train(
      nn::Sequential{linear(2, 16, 1), nn::Tanh(), linear(16, 16, 2), nn::Tanh(), linear(16, 2, 3)},
      {batch, 2}, 2);
}

void lenet(std::int64_t batch) {
  train(nn::Sequential{conv(1, 6, 5, 1, 2), nn::ReLU(), nn::MaxPool2d(2), conv(6, 16, 5, 2, 0),
                       nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(), linear(400, 120, 3), nn::ReLU(),
                       linear(120, 84, 5), nn::ReLU(), linear(84, 10, 6)},
        {batch, 1, 28, 28});
}

void cnn(std::int64_t batch) {
  train(nn::Sequential{conv(1, 32, 3, 1, 0), nn::ReLU(), conv(32, 64, 3, 2, 0), nn::ReLU(),
                       nn::MaxPool2d(2), nn::Flatten(), linear(9216, 128, 3), nn::ReLU(),
                       linear(128, 10, 5)},
        {batch, 1, 28, 28});
}

void cnn_bn(std::int64_t batch) {
  train(nn::Sequential{conv(1, 32, 3, 1, 1), nn::BatchNorm2d(32), nn::ReLU(), nn::MaxPool2d(2),
                       conv(32, 64, 3, 2, 1), nn::BatchNorm2d(64), nn::ReLU(), nn::MaxPool2d(2),
                       nn::Flatten(), linear(3136, 10, 3)},
        {batch, 1, 28, 28});
}

}  // namespace bench
