// plumb's training steps.
#include <algorithm>
#include <cmath>
#include <plumb/examples/support/digit_nets.hpp>
#include <plumb/plumb.hpp>
#include <string>
#include <utility>

#include "../shared/workloads.hpp"
#include "tensors.hpp"

using namespace plumb;

namespace {

constexpr std::uint32_t input_seed = 4;

// The values that libtorch's side has as well: weights uniform in +-1/sqrt(in), the i-th of seed i,
// but never of the input's seed; biases 0.
nn::Sequential with_values(nn::Sequential model) {
  std::uint32_t seed = 0;
  for (const Parameter& parameter : model.parameters()) {
    Tensor value = parameter.variable.value();
    const Shape& shape = value.shape();
    if (shape.rank() > 1) {
      if (++seed == input_seed) ++seed;
      const double in = static_cast<double>(shape.numel(1, shape.rank()));
      bench::fill(value.mutable_data<float>(), value.numel(), seed, 1 / std::sqrt(in));
    } else if (parameter.name.find("bias") != std::string::npos) {
      std::fill_n(value.mutable_data<float>(), value.numel(), 0.0f);
    }
  }
  return model;
}

void train(nn::Sequential model, const Shape& input, const Tensor& y) {
  optim::SGD optimizer(model.parameters(), optim::SGD::heavy_ball(0.01, 0.9));
  const Tensor x = bench::values(input, input_seed, 1);
  bench::time_training([&] {
    const Variable loss = nn::cross_entropy(model(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    return loss;
  });
}

void train(nn::Sequential (*make)(Generator&), const Shape& input, std::int64_t classes = 10) {
  Generator generator(0);
  train(with_values(make(generator)), input, Tensor::from(bench::labels(input[0], classes)));
}

void train_converged(nn::Sequential (*make)(Generator&), const Shape& input) {
  Generator generator(0);
  nn::Sequential model = with_values(make(generator));
  Tensor bias = model.parameters().back().variable.value();
  bias.mutable_data<float>()[0] = static_cast<float>(bench::ahead);
  train(std::move(model), input, Tensor::zeros({input[0]}, DType::int64));
}

template <class Layer>
nn::Sequential recurrent(Generator& generator) {
  return nn::Sequential{Layer(28, 128, generator), nn::LastStep(), nn::Linear(128, 10, generator)};
}

}  // namespace

namespace bench {

void set_threads(int threads) { set_num_threads(threads); }

void mlp(std::int64_t batch) { train(digit_nets::mlp, {batch, 784}); }

void tiny(std::int64_t batch) {
  const auto net = [](Generator& generator) {
    return nn::Sequential{nn::Linear(2, 16, generator), nn::Tanh(), nn::Linear(16, 16, generator),
                          nn::Tanh(), nn::Linear(16, 2, generator)};
  };
  train(net, {batch, 2}, 2);
}

void lenet(std::int64_t batch) { train(digit_nets::lenet, {batch, 1, 28, 28}); }

void cnn(std::int64_t batch) { train(digit_nets::cnn, {batch, 1, 28, 28}); }

void cnn_bn(std::int64_t batch) { train(digit_nets::cnn_bn, {batch, 1, 28, 28}); }

void converged_mlp(std::int64_t batch) { train_converged(digit_nets::mlp, {batch, 784}); }

void converged_cnn(std::int64_t batch) { train_converged(digit_nets::cnn, {batch, 1, 28, 28}); }

void lstm(std::int64_t batch) { train(recurrent<nn::LSTM>, {batch, 28, 28}); }

void gru(std::int64_t batch) { train(recurrent<nn::GRU>, {batch, 28, 28}); }

}  // namespace bench
