// plumb's side of bench/run: one workload, its check values and the time of one call.
#include <plumb/plumb.hpp>

#include "workload.hpp"

using namespace plumb;

namespace {

Tensor tensor(const std::vector<float>& values, const Shape& shape) {
  return Tensor::from(values, shape);
}

nn::Linear linear(std::int64_t in, std::int64_t out, std::uint32_t seed) {
  return nn::Linear(Variable::leaf(tensor(bench::weights(out, in, seed), {out, in})),
                    Variable::leaf(Tensor::zeros({out})));
}

nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::uint32_t seed,
                std::int64_t padding) {
  return nn::Conv2d(Variable::leaf(tensor(bench::weights(out, in * kernel * kernel, seed),
                                          {out, in, kernel, kernel})),
                    Variable::leaf(Tensor::zeros({out})), {1, padding});
}

// Training steps on one batch: forward, backward, SGD with momentum.
void train(nn::Sequential model, const Shape& input) {
  optim::SGD optimizer(model.parameters(), optim::SGD::heavy_ball(0.01, 0.9));
  const Tensor x = tensor(bench::values(input.numel(), 4, 1), input);
  const Tensor y = Tensor::from(bench::labels(input[0]));
  const auto step = [&] {
    const Variable loss = nn::cross_entropy(model(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  for (int i = 0; i < 3; ++i) bench::check(step().item());
  bench::time(step);
}

void mlp(std::int64_t batch) {
  train(nn::Sequential{linear(784, 256, 1), nn::ReLU(), linear(256, 128, 2), nn::ReLU(),
                       linear(128, 10, 3)},
        {batch, 784});
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

// A product that is recorded and forgotten.
void mul(std::int64_t size) {
  const Variable a = Variable::leaf(tensor(bench::values(size, 1, 1), {size}));
  const Variable b = Variable::leaf(tensor(bench::values(size, 2, 1), {size}));
  bench::check(sum(a * b).item());
  bench::time([&] { const Variable y = a * b; });
}

// A thousand products in a chain, forward and backward.
void chain(std::int64_t size) {
  Variable a = Variable::leaf(tensor(bench::values(size, 1, 1), {size}));
  Variable b = Variable::leaf(Tensor::ones({size}));
  const Tensor seed = Tensor::ones({size});
  const auto pass = [&] {
    Variable y = a;
    for (int i = 0; i < 1000; ++i) y = y * b;
    y.backward(seed);
  };
  pass();
  bench::check(a.grad().at({0}));
  bench::time([&] {
    a.zero_grad();
    b.zero_grad();
    pass();
  });
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Workload workload(argc, argv);
  set_num_threads(workload.threads);
  if (workload.name == "mlp") mlp(workload.size);
  if (workload.name == "lenet") lenet(workload.size);
  if (workload.name == "cnn") cnn(workload.size);
  if (workload.name == "cnnbn") cnn_bn(workload.size);
  if (workload.name == "mul") mul(workload.size);
  if (workload.name == "chain") chain(workload.size);
}
