// libtorch's training steps.
#include <cmath>

#include "../shared/workloads.hpp"
#include "tensors.hpp"

using namespace torch::nn;

namespace {

// Uniform in +-1/sqrt(in).
template <class Layer>
Layer with_values(Layer layer, std::uint32_t seed) {
  const torch::NoGradGuard no_grad;
  const double in = static_cast<double>(layer->weight.numel() / layer->weight.size(0));
  layer->weight.copy_(bench::values(layer->weight.sizes(), seed, 1 / std::sqrt(in)));
  layer->bias.zero_();
  return layer;
}

Linear linear(std::int64_t in, std::int64_t out, std::uint32_t seed) {
  return with_values(Linear(in, out), seed);
}

Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::uint32_t seed,
            std::int64_t padding) {
  return with_values(Conv2d(Conv2dOptions(in, out, kernel).padding(padding)), seed);
}

MaxPool2d pool() { return MaxPool2d(2); }

template <class Forward>
void train(const std::vector<torch::Tensor>& parameters, const Forward& forward,
           std::vector<std::int64_t> input, const torch::Tensor& y) {
  torch::optim::SGD optimizer(parameters, torch::optim::SGDOptions(0.01).momentum(0.9));
  const torch::Tensor x = bench::values(input, 4, 1);
  bench::time_training([&] {
    const torch::Tensor loss = functional::cross_entropy(forward(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    return loss;
  });
}

void train(Sequential model, std::vector<std::int64_t> input, const torch::Tensor& y) {
  train(
      model->parameters(), [&](const torch::Tensor& x) { return model->forward(x); },
      std::move(input), y);
}

void train(Sequential model, std::vector<std::int64_t> input, std::int64_t classes = 10) {
  const torch::Tensor y = bench::label_tensor(input[0], classes);
  train(std::move(model), std::move(input), y);
}

void train_converged(Sequential model, std::vector<std::int64_t> input) {
  {
    const torch::NoGradGuard no_grad;
    model->parameters().back()[0] = bench::ahead;
  }
  const torch::Tensor y = torch::zeros({input[0]}, torch::kInt64);
  train(std::move(model), std::move(input), y);
}

Sequential mlp_net() {
  return Sequential(linear(784, 256, 1), ReLU(), linear(256, 128, 2), ReLU(), linear(128, 10, 3));
}

Sequential cnn_net() {
  return Sequential(conv(1, 32, 3, 1, 0), ReLU(), conv(32, 64, 3, 2, 0), ReLU(), pool(), Flatten(),
                    linear(9216, 128, 3), ReLU(), linear(128, 10, 5));
}

// Weights as plumb's side has them, in the order of its parameters.
template <class Layer>
void train_recurrent(Layer layer, std::int64_t batch) {
  const torch::NoGradGuard no_grad;
  std::uint32_t seed = 0;
  for (torch::Tensor& weight : layer->all_weights()) {
    if (weight.dim() > 1) {
      weight.copy_(bench::values(weight.sizes(), ++seed,
                                 1 / std::sqrt(static_cast<double>(weight.size(1)))));
    } else {
      weight.zero_();
    }
  }
  Linear scores = linear(128, 10, 3);
  std::vector<torch::Tensor> parameters = layer->parameters();
  for (const torch::Tensor& parameter : scores->parameters()) parameters.push_back(parameter);
  const torch::AutoGradMode grad(true);
  train(
      parameters,
      [&](const torch::Tensor& x) {
        return scores->forward(std::get<0>(layer->forward(x)).select(1, 27));
      },
      {batch, 28, 28}, bench::label_tensor(batch, 10));
}

}  // namespace

namespace bench {

void set_threads(int threads) { torch::set_num_threads(threads); }

void mlp(std::int64_t batch) { train(mlp_net(), {batch, 784}); }

void tiny(std::int64_t batch) {
  train(Sequential(linear(2, 16, 1), Tanh(), linear(16, 16, 2), Tanh(), linear(16, 2, 3)),
        {batch, 2}, 2);
}

void lenet(std::int64_t batch) {
  train(Sequential(conv(1, 6, 5, 1, 2), ReLU(), pool(), conv(6, 16, 5, 2, 0), ReLU(), pool(),
                   Flatten(), linear(400, 120, 3), ReLU(), linear(120, 84, 5), ReLU(),
                   linear(84, 10, 6)),
        {batch, 1, 28, 28});
}

void cnn(std::int64_t batch) { train(cnn_net(), {batch, 1, 28, 28}); }

void cnn_bn(std::int64_t batch) {
  train(Sequential(conv(1, 32, 3, 1, 1), BatchNorm2d(32), ReLU(), pool(), conv(32, 64, 3, 2, 1),
                   BatchNorm2d(64), ReLU(), pool(), Flatten(), linear(3136, 10, 3)),
        {batch, 1, 28, 28});
}

void converged_mlp(std::int64_t batch) { train_converged(mlp_net(), {batch, 784}); }

void converged_cnn(std::int64_t batch) { train_converged(cnn_net(), {batch, 1, 28, 28}); }

void lstm(std::int64_t batch) {
  train_recurrent(LSTM(LSTMOptions(28, 128).batch_first(true)), batch);
}

void gru(std::int64_t batch) { train_recurrent(GRU(GRUOptions(28, 128).batch_first(true)), batch); }

}  // namespace bench
