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

void mlp(std::int64_t batch) {
  torch::nn::Sequential model(linear(784, 256, 1), torch::nn::ReLU(), linear(256, 128, 2),
                              torch::nn::ReLU(), linear(128, 10, 3));
  torch::optim::SGD optimizer(model->parameters(), torch::optim::SGDOptions(0.01).momentum(0.9));
  const torch::Tensor x = tensor(bench::values(batch * 784, 4, 1), {batch, 784});
  std::vector<std::int64_t> labels = bench::labels(batch);
  const torch::Tensor y = torch::from_blob(labels.data(), {batch}, torch::kLong).clone();
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
  if (workload.name == "mul") mul(workload.size);
  if (workload.name == "chain") chain(workload.size);
}
