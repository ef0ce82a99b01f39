// libtorch's optimizer steps.
#include "../shared/workloads.hpp"
#include "parameters.hpp"

namespace {

using bench::parameters;
using bench::run;

void sgd(std::int64_t millions, const torch::optim::SGDOptions& options) {
  const std::vector<torch::Tensor> all = parameters(millions);
  torch::optim::SGD optimizer(all, options);
  run(all, [&] { optimizer.step(); });
}

void run_adam(const std::vector<torch::Tensor>& all) {
  torch::optim::Adam optimizer(all, torch::optim::AdamOptions(0.001));
  run(all, [&] { optimizer.step(); });
}

}  // namespace

namespace bench {

void plain(std::int64_t millions) { sgd(millions, 0.01); }

void momentum(std::int64_t millions) {
  sgd(millions, torch::optim::SGDOptions(0.01).momentum(0.9));
}

// libtorch has no debiased average; the same steps are heavy ball with
// lr_t = lr (1 - momentum) / (1 - momentum^t).
void debiased(std::int64_t millions) {
  const std::vector<torch::Tensor> all = parameters(millions);
  torch::optim::SGD optimizer(all, torch::optim::SGDOptions(0).momentum(0.9));
  auto& options = static_cast<torch::optim::SGDOptions&>(optimizer.param_groups()[0].options());
  double product = 1;
  run(all, [&] {
    product *= 0.9;
    options.lr(0.01 * (1 - 0.9) / (1 - product));
    optimizer.step();
  });
}

// libtorch has nothing of the kind: tensor operations decide what is released, in front of its SGD.
void accumulate(std::int64_t millions) {
  const std::vector<torch::Tensor> all = parameters(millions);
  std::vector<torch::Tensor> gradients, residuals;
  for (const torch::Tensor& parameter : all) {
    gradients.push_back(parameter.grad());
    residuals.push_back(torch::zeros_like(parameter));
  }
  torch::optim::SGD optimizer(all, torch::optim::SGDOptions(0.01).momentum(0.9));
  run(all, [&] {
    for (std::size_t i = 0; i < all.size(); ++i) {
      torch::Tensor& residual = residuals[i];
      residual.add_(gradients[i]);
      const torch::Tensor held =
          torch::logical_and(gradients[i].abs() < small_gradient, residual.abs() < small_gradient);
      all[i].mutable_grad() = residual.masked_fill(held, 0);
      residual.mul_(held);
    }
    optimizer.step();
  });
}

void adam(std::int64_t millions) { run_adam(parameters(millions)); }

void decayed_adam(std::int64_t millions) { run_adam(parameters(millions, decayed)); }

}  // namespace bench
