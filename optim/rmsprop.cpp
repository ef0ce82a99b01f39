#include "rmsprop.hpp"

#include "../core/kernels/optim/rmsprop.hpp"

namespace plumb::optim {
namespace {

// Places in ParameterState.
enum Tensors : std::size_t { squares, mean, average };

}  // namespace

const Fields<RMSpropOptions>& RMSpropOptions::fields() {
  static const Fields<RMSpropOptions> all = {
      "RMSprop",
      {{"lr", &RMSpropOptions::lr, at_least(0)},
       {"alpha", &RMSpropOptions::alpha, half_open(0, 1)},
       {"eps", &RMSpropOptions::eps, at_least(0)},
       {"momentum", &RMSpropOptions::momentum, half_open(0, 1)},
       {"centered", &RMSpropOptions::centered},
       {"weight_decay", &RMSpropOptions::weight_decay, at_least(0)},
       {"maximize", &RMSpropOptions::maximize}}};
  return all;
}

RMSprop::RMSprop(const Parameters& parameters, const Options& options)
    : RMSprop(std::vector<ParameterGroup>{{parameters}}, options) {}

RMSprop::RMSprop(const std::vector<ParameterGroup>& groups, const Options& defaults)
    : Optimizer(groups, defaults, {{"squares", "mean", "average"}, {}}) {}

void RMSprop::update(std::vector<Update>& updates) {
  std::vector<kernel::RmspropPass> passes;
  passes.reserve(updates.size());
  Beginnings beginnings(*this);
  for (Update& u : updates) {
    const auto& options = u.options<Options>();
    kernel::RmspropPass& pass = passes.emplace_back();
    pass.squares = beginnings.tensor(u, squares);
    if (options.centered) pass.mean = beginnings.tensor(u, mean);
    if (options.momentum != 0) pass.average = beginnings.tensor(u, average);
    pass.parameter = std::move(u.value);
    pass.gradient = std::move(u.gradient);
    pass.sign = options.maximize ? -1 : 1;
    pass.weight_decay = options.weight_decay;
    pass.keep = options.alpha;
    pass.take = 1 - options.alpha;
    pass.momentum = options.momentum;
    pass.rate = options.lr;
    pass.eps = options.eps;
  }
  kernel::rmsprop(passes);
  beginnings.keep();
}

}  // namespace plumb::optim
