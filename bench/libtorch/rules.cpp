// Rules that libtorch does not have, in its tensor operations.
#include <cmath>

#include "../shared/workloads.hpp"
#include "parameters.hpp"

namespace {

using torch::Tensor;

// One parameter's, at its step t = 1, 2, ...
template <class Rule>
void run_each(std::int64_t millions, Rule&& rule) {
  const std::vector<Tensor> all = bench::parameters(millions);
  std::vector<Tensor> first, second;
  for (const Tensor& parameter : all) {
    first.push_back(torch::zeros_like(parameter));
    second.push_back(torch::zeros_like(parameter));
  }
  std::int64_t t = 0;
  bench::run(all, [&] {
    const torch::NoGradGuard no_grad;
    ++t;
    for (std::size_t i = 0; i < all.size(); ++i)
      rule(all[i], all[i].grad(), first[i], second[i], static_cast<double>(t));
  });
}

// m and v of Adam with the usual betas.
void average(const Tensor& g, Tensor& m, Tensor& v) {
  m.mul_(0.9).add_(g, 1 - 0.9);
  v.mul_(0.999).addcmul_(g, g, 1 - 0.999);
}

// The products of Muon's iteration, with `polynomial` between the second and the third.
template <class Polynomial>
Tensor iterate(const Tensor& x, Polynomial&& polynomial) {
  const Tensor square = x.mm(x.t());
  return polynomial(square, square.mm(square)).mm(x);
}

}  // namespace

namespace bench {

void lion(std::int64_t millions) {
  run_each(millions, [](Tensor p, const Tensor& g, Tensor& m, Tensor&, double) {
    p.add_((m * 0.9).add_(g, 1 - 0.9).sign_(), -1e-4);
    m.mul_(0.99).add_(g, 1 - 0.99);
  });
}

void adamw(std::int64_t millions) {
  const std::vector<Tensor> all = parameters(millions);
  torch::optim::AdamW optimizer(all, torch::optim::AdamWOptions(0.001));
  run(all, [&] { optimizer.step(); });
}

void nadam(std::int64_t millions) {
  const auto momentum = [](double t) { return 0.9 * (1 - 0.5 * std::pow(0.96, t * 0.004)); };
  double product = 1;
  double last = 0;  // the step that `product` is of
  run_each(millions, [=](Tensor p, const Tensor& g, Tensor& m, Tensor& v, double t) mutable {
    if (t != last) product *= momentum(t);
    last = t;
    average(g, m, v);
    const Tensor root = (v / (1 - std::pow(0.999, t))).sqrt_().add_(1e-8);
    p.addcdiv_(m, root, -0.002 * momentum(t + 1) / (1 - product * momentum(t + 1)));
    p.addcdiv_(g, root, -0.002 * (1 - momentum(t)) / (1 - product));
  });
}

void radam(std::int64_t millions) {
  run_each(millions, [](Tensor p, const Tensor& g, Tensor& m, Tensor& v, double t) {
    average(g, m, v);
    const double power = std::pow(0.999, t), n = 2 / (1 - 0.999) - 1;
    const double r = n - 2 * t * power / (1 - power), lr = 0.001 / (1 - std::pow(0.9, t));
    if (r > 5) {
      const double rectified = std::sqrt((r - 4) * (r - 2) * n / ((n - 4) * (n - 2) * r));
      p.addcdiv_(m, v.sqrt().add_(1e-8), -lr * rectified * std::sqrt(1 - power));
    } else {
      p.add_(m, -lr);
    }
  });
}

void muon(std::int64_t columns) {
  const Tensor p = values({muon_rows, columns}, 0, 1), g = values({muon_rows, columns}, 10, 1);
  const Tensor m = torch::zeros_like(p);
  const double longer =
      std::max(1.0, static_cast<double>(muon_rows) / static_cast<double>(columns));
  time_training([&] {
    m.mul_(0.95).add_(g, 1 - 0.95);
    Tensor x = (m * 0.95).add_(g, 1 - 0.95);
    x.div_(x.norm().item<double>() + 1e-7);
    for (int step = 0; step < 5; ++step)
      x = x * 3.4445 + iterate(x, [](const Tensor& square, const Tensor& fourth) {
            return (square * -4.7750).add_(fourth, 2.0315);
          });
    p.add_(x, -0.02 * std::sqrt(longer));
    return p[3][7];
  });
}

void muon_products(std::int64_t columns) {
  const double scale = std::sqrt(3 / static_cast<double>(columns));
  const Tensor x = values({muon_rows, columns}, 10, scale);
  time_training([&] {
    Tensor product;
    for (int step = 0; step < 5; ++step)
      product = iterate(x, [](const Tensor&, const Tensor& fourth) { return fourth; });
    return product[3][7];
  });
}

}  // namespace bench
