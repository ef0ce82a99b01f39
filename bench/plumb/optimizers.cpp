// plumb's optimizer steps.
#include <plumb/optim.hpp>
#include <string>

#include "../shared/workloads.hpp"
#include "tensors.hpp"

using namespace plumb;

namespace {

Parameters parameters(std::int64_t millions) {
  Parameters result;
  for (std::uint32_t i = 0; i < 10; ++i) {
    const Shape shape{millions, 100'000};
    Variable variable = Variable::leaf(bench::values(shape, i, 1));
    variable.set_grad(bench::values(shape, 10 + i, 1));
    result.push_back({std::to_string(i), variable});
  }
  return result;
}

void run(optim::Optimizer& optimizer, const Parameters& parameters) {
  bench::time_training([&] {
    optimizer.step();
    return parameters[9].variable.value().rows(0, 1).reshape({-1}).rows(7, 8);
  });
}

void sgd(std::int64_t millions, const optim::SGD::Options& options) {
  const Parameters all = parameters(millions);
  optim::SGD optimizer(all, options);
  run(optimizer, all);
}

}  // namespace

namespace bench {

void plain(std::int64_t millions) { sgd(millions, optim::SGD::plain(0.01)); }
void momentum(std::int64_t millions) { sgd(millions, optim::SGD::heavy_ball(0.01, 0.9)); }
void debiased(std::int64_t millions) { sgd(millions, optim::SGD::debiased(0.01, 0.9)); }

}  // namespace bench
