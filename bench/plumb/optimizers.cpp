// plumb's optimizer steps.
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

}  // namespace bench
