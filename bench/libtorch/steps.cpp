// libtorch's side of bench/run: the workloads of ../steps.cpp.
#include <torch/torch.h>

#include "../workload.hpp"

namespace {

torch::Tensor tensor(std::vector<float> values, at::IntArrayRef shape) {
  return torch::from_blob(values.data(), shape).clone();
}

torch::nn::Linear linear(std::int64_t in, std::int64_t out, std::uint32_t seed) {
  torch::nn::Linear layer(in, out);
  const torch::NoGradGuard no_grad;
  layer->weight.copy_(tensor(bench::weights(out, in, seed), {out, in}));
  layer->bias.zero_();
  return layer;
}

torch::nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::uint32_t seed,
                       std::int64_t padding) {
  torch::nn::Conv2d layer(torch::nn::Conv2dOptions(in, out, kernel).padding(padding));
  const torch::NoGradGuard no_grad;
  layer->weight.copy_(
      tensor(bench::weights(out, in * kernel * kernel, seed), {out, in, kernel, kernel}));
  layer->bias.zero_();
  return layer;
}

torch::nn::MaxPool2d pool() { return torch::nn::MaxPool2d(2); }

void train(torch::nn::Sequential model, std::vector<std::int64_t> input) {
  torch::optim::SGD optimizer(model->parameters(), torch::optim::SGDOptions(0.01).momentum(0.9));
  std::int64_t count = 1;
  for (const std::int64_t size : input) count *= size;
  const torch::Tensor x = tensor(bench::values(count, 4, 1), input);
  std::vector<std::int64_t> labels = bench::labels(input[0]);
  const torch::Tensor y = torch::from_blob(labels.data(), {input[0]}, torch::kLong).clone();
  const auto step = [&] {
    const torch::Tensor loss = torch::nn::functional::cross_entropy(model->forward(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  for (int i = 0; i < 3; ++i) bench::check(step().item<double>());
  bench::time(step);
}

void mlp(std::int64_t batch) {
  using namespace torch::nn;
  train(Sequential(linear(784, 256, 1), ReLU(), linear(256, 128, 2), ReLU(), linear(128, 10, 3)),
        {batch, 784});
}

void lenet(std::int64_t batch) {
  using namespace torch::nn;
  train(Sequential(conv(1, 6, 5, 1, 2), ReLU(), pool(), conv(6, 16, 5, 2, 0), ReLU(), pool(),
                   Flatten(), linear(400, 120, 3), ReLU(), linear(120, 84, 5), ReLU(),
                   linear(84, 10, 6)),
        {batch, 1, 28, 28});
}

void cnn(std::int64_t batch) {
  using namespace torch::nn;
  train(Sequential(conv(1, 32, 3, 1, 0), ReLU(), conv(32, 64, 3, 2, 0), ReLU(), pool(), Flatten(),
                   linear(9216, 128, 3), ReLU(), linear(128, 10, 5)),
        {batch, 1, 28, 28});
}

void cnn_bn(std::int64_t batch) {
  using namespace torch::nn;
  train(Sequential(conv(1, 32, 3, 1, 1), BatchNorm2d(32), ReLU(), pool(), conv(32, 64, 3, 2, 1),
                   BatchNorm2d(64), ReLU(), pool(), Flatten(), linear(3136, 10, 3)),
        {batch, 1, 28, 28});
}

void mul(std::int64_t size) {
  const torch::Tensor a = tensor(bench::values(size, 1, 1), {size}).requires_grad_();
  const torch::Tensor b = tensor(bench::values(size, 2, 1), {size}).requires_grad_();
  bench::check((a * b).sum().item<double>());
  bench::time([&] { const torch::Tensor y = a * b; });
}

void chain(std::int64_t size) {
  torch::Tensor a = tensor(bench::values(size, 1, 1), {size}).requires_grad_();
  torch::Tensor b = torch::ones({size}, torch::requires_grad());
  const torch::Tensor seed = torch::ones({size});
  const auto pass = [&] {
    torch::Tensor y = a;
    for (int i = 0; i < 1000; ++i) y = y * b;
    y.backward(seed);
  };
  pass();
  bench::check(a.grad()[0].item<double>());
  bench::time([&] {
    a.mutable_grad() = torch::Tensor();
    b.mutable_grad() = torch::Tensor();
    pass();
  });
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Workload workload(argc, argv);
  torch::set_num_threads(workload.threads);
  if (workload.name == "mlp") mlp(workload.size);
  if (workload.name == "lenet") lenet(workload.size);
  if (workload.name == "cnn") cnn(workload.size);
  if (workload.name == "cnnbn") cnn_bn(workload.size);
  if (workload.name == "mul") mul(workload.size);
  if (workload.name == "chain") chain(workload.size);
}
