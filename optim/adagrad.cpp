#include "adagrad.hpp"

#include "../core/kernels/optim/rmsprop.hpp"

namespace plumb::optim {
namespace {

constexpr std::size_t sum = 0;  // tensor in ParameterState

}  // namespace

const Fields<AdagradOptions>& AdagradOptions::fields() {
  static const Fields<AdagradOptions> all = {
      "Adagrad",
      {{"lr", &AdagradOptions::lr, at_least(0)},
       {"lr_decay", &AdagradOptions::lr_decay, at_least(0)},
       {"eps", &AdagradOptions::eps, at_least(0)},
       {"initial_sum", &AdagradOptions::initial_sum, at_least(0)},
       {"weight_decay", &AdagradOptions::weight_decay, at_least(0)},
       {"maximize", &AdagradOptions::maximize}}};
  return all;
}

Adagrad::Adagrad(const Parameters& parameters, const Options& options)
    : Adagrad(std::vector<ParameterGroup>{{parameters}}, options) {}

Adagrad::Adagrad(const std::vector<ParameterGroup>& groups, const Options& defaults)
    : Optimizer(groups, defaults, {{"sum"}, {}}) {}

void Adagrad::update(std::vector<Update>& updates) {
  std::vector<kernel::RmspropPass> passes;
  passes.reserve(updates.size());
  Beginnings beginnings(*this);
  for (Update& u : updates) {
    const auto& options = u.options<Options>();
    kernel::RmspropPass& pass = passes.emplace_back();
    pass.squares = beginnings.tensor(u, sum, options.initial_sum);
    pass.parameter = std::move(u.value);
    pass.gradient = std::move(u.gradient);
    pass.sign = options.maximize ? -1 : 1;
    pass.weight_decay = options.weight_decay;
    pass.keep = 1;  // a sum, not a mean
    pass.take = 1;
    pass.rate = options.lr / (1 + static_cast<double>(u.t - 1) * options.lr_decay);
    pass.eps = options.eps;
  }
  kernel::rmsprop(passes);
  beginnings.keep();
}

}  // namespace plumb::optim
