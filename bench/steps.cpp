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

// A training step of 784-256-128-10: forward, backward, SGD with momentum.
void mlp(std::int64_t batch) {
  nn::Sequential model{linear(784, 256, 1), nn::ReLU(), linear(256, 128, 2), nn::ReLU(),
                       linear(128, 10, 3)};
  optim::SGD optimizer(model.parameters(), optim::SGD::heavy_ball(0.01, 0.9));
  const Tensor x = tensor(bench::values(batch * 784, 4, 1), {batch, 784});
  const Tensor y = Tensor::from(bench::labels(batch));
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
  if (workload.name == "mul") mul(workload.size);
  if (workload.name == "chain") chain(workload.size);
}
