// plumb's optimizer steps.
#include <cmath>
#include <plumb/core/kernels/matmul/matmul.hpp>
#include <plumb/optim.hpp>
#include <string>

#include "../shared/workloads.hpp"
#include "tensors.hpp"

using namespace plumb;

namespace {

Parameters parameters(std::int64_t millions, double gradient) {
  Parameters result;
  for (std::uint32_t i = 0; i < 10; ++i) {
    const Shape shape{millions, 100'000};
    Variable variable = Variable::leaf(bench::values(shape, i, 1));
    variable.set_grad(bench::values(shape, 10 + i, gradient));
    result.push_back({std::to_string(i), variable});
  }
  return result;
}

template <class Rule>
void run(std::int64_t millions, const typename Rule::Options& options, double gradient = 1) {
  const Parameters all = parameters(millions, gradient);
  Rule optimizer(all, options);
  bench::time_training([&] {
    optimizer.step();
    return all[9].variable.value().rows(0, 1).reshape({-1}).rows(7, 8);
  });
}

}  // namespace

namespace bench {

void plain(std::int64_t millions) { run<optim::SGD>(millions, optim::SGD::plain(0.01)); }

void momentum(std::int64_t millions) {
  run<optim::SGD>(millions, optim::SGD::heavy_ball(0.01, 0.9));
}

void debiased(std::int64_t millions) { run<optim::SGD>(millions, optim::SGD::debiased(0.01, 0.9)); }

void accumulate(std::int64_t millions) {
  optim::SGD::Options options = optim::SGD::heavy_ball(0.01, 0.9);
  options.accumulate_below = small_gradient;
  run<optim::SGD>(millions, options);
}

void adam(std::int64_t millions) { run<optim::Adam>(millions, {}); }

void decayed_adam(std::int64_t millions) { run<optim::Adam>(millions, {}, decayed); }

void lion(std::int64_t millions) { run<optim::Lion>(millions, {}); }

void adamw(std::int64_t millions) { run<optim::AdamW>(millions, {}); }

void nadam(std::int64_t millions) { run<optim::NAdam>(millions, {}); }

void radam(std::int64_t millions) { run<optim::RAdam>(millions, {}); }

void muon(std::int64_t columns) {
  Variable p = Variable::leaf(values({muon_rows, columns}, 0, 1));
  p.set_grad(values({muon_rows, columns}, 10, 1));
  optim::Muon optimizer({{"p", p}}, {});
  time_training([&] {
    optimizer.step();
    return p.value().rows(3, 4).reshape({-1}).rows(7, 8);
  });
}

void muon_products(std::int64_t columns) {
  // Singular values near 1, as an iteration makes them.
  const double scale = std::sqrt(3 / static_cast<double>(columns));
  const Tensor x = values({muon_rows, columns}, 10, scale);
  Tensor square = Tensor::empty({muon_rows, muon_rows}), fourth = Tensor::empty(square.shape()),
         product = Tensor::empty(x.shape());
  time_training([&] {
    for (int step = 0; step < 5; ++step) {
      kernel::matmul_into(square, Write::overwrite, x, Transpose::no, x, Transpose::yes);
      kernel::matmul_into(fourth, Write::overwrite, square, Transpose::no, square, Transpose::no);
      kernel::matmul_into(product, Write::overwrite, fourth, Transpose::no, x, Transpose::no);
    }
    return product.rows(3, 4).reshape({-1}).rows(7, 8);
  });
}

}  // namespace bench
