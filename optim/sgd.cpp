#include "sgd.hpp"

#include "../core/error.hpp"
#include "../core/kernels/sgd.hpp"
#include "moving_average.hpp"

namespace plumb::optim {
namespace {

// Places in ParameterState.
constexpr std::size_t average = 0;  // tensor a
constexpr std::size_t weight = 0;   // number 1 - P; 0 until there is an average

void check_together(const SGDOptions& options) {
  if (!options.nesterov) return;
  if (options.momentum == 0) fail("SGD", "nesterov needs momentum above 0, got 0");
  if (!options.debias && options.dampening != 0)
    fail("SGD", "nesterov without debias needs dampening 0, got ", options.dampening);
}

// The factors of one step of a parameter whose average has gathered `gathered` = 1 - P before it.
void set_factors(kernel::SgdPass& pass, const SGDOptions& options, double gathered) {
  pass.sign = options.maximize ? -1 : 1;
  pass.weight_decay = options.weight_decay;
  pass.rate = options.lr;
  if (options.momentum == 0) return;
  const bool first = gathered == 0;
  pass.keep = options.momentum;
  pass.take = first && !options.debias ? 1 : 1 - options.dampening;
  if (options.nesterov) {
    pass.from_average = options.momentum;
    pass.from_gradient = 1 - options.dampening;
  }
  if (options.debias) {
    gathered = total_weight(gathered, options.momentum);
    if (options.nesterov) gathered = total_weight(gathered, options.momentum);
    pass.rate = options.lr / gathered;
  }
}

}  // namespace

const Fields<SGDOptions>& SGDOptions::fields() {
  static const Fields<SGDOptions> all = {"SGD",
                                         {{"lr", &SGDOptions::lr, at_least(0)},
                                          {"momentum", &SGDOptions::momentum, half_open(0, 1)},
                                          {"dampening", &SGDOptions::dampening, closed(0, 1)},
                                          {"debias", &SGDOptions::debias},
                                          {"nesterov", &SGDOptions::nesterov},
                                          {"weight_decay", &SGDOptions::weight_decay, at_least(0)},
                                          {"maximize", &SGDOptions::maximize}},
                                         check_together};
  return all;
}

SGD::Options SGD::plain(double lr) {
  Options options;
  options.lr = lr;
  return options;
}

SGD::Options SGD::heavy_ball(double lr, double momentum) {
  Options options = plain(lr);
  options.momentum = momentum;
  return options;
}

SGD::Options SGD::debiased(double lr, double momentum) {
  Options options = heavy_ball(lr, momentum);
  options.dampening = momentum;
  options.debias = true;
  return options;
}

SGD::SGD(const Parameters& parameters, const Options& options)
    : SGD(std::vector<ParameterGroup>{{parameters}}, options) {}

SGD::SGD(const std::vector<ParameterGroup>& groups, const Options& defaults)
    : Optimizer(groups, defaults, {{"average"}, {{"total_weight", closed(0, 1), "average"}}}) {}

void SGD::update(std::vector<Update>& updates) {
  std::vector<kernel::SgdPass> passes;
  passes.reserve(updates.size());
  Beginnings beginnings;
  for (Update& u : updates) {
    const auto& options = u.options<Options>();
    kernel::SgdPass& pass = passes.emplace_back();
    if (options.momentum != 0) pass.average = beginnings.tensor(u, average);
    set_factors(pass, options, u.state.numbers[weight]);
    pass.parameter = std::move(u.value);
    pass.gradient = std::move(u.gradient);
  }
  kernel::sgd(passes);
  beginnings.keep();
  for (Update& u : updates) {
    const double momentum = u.options<Options>().momentum;
    double& gathered = u.state.numbers[weight];
    if (momentum != 0) gathered = total_weight(gathered, momentum);
  }
}

}  // namespace plumb::optim
