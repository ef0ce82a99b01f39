#include "sgd.hpp"

#include "../core/error.hpp"
#include "../core/kernels/optimizer.hpp"
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

const SGD::Options& SGD::options(int group) const {
  return static_cast<const TypedOptions<Options>&>(*at(group).options).options;
}

void SGD::update(std::vector<Update>& updates) {
  // What may throw comes first; only then do the states take the averages that begin here.
  std::vector<kernel::SgdPass> passes;
  std::vector<Tensor> fresh;
  passes.reserve(updates.size());
  fresh.reserve(updates.size());
  for (Update& u : updates) {
    const auto& options = u.options<Options>();
    Tensor* a = &u.state.tensors[average];
    if (options.momentum != 0 && !a->defined())
      a = &fresh.emplace_back(Tensor::zeros(u.value.shape(), u.value.dtype()));
    kernel::SgdPass pass;
    pass.parameter = std::move(u.value);
    pass.gradient = std::move(u.gradient);
    if (options.momentum != 0) pass.average = a;
    set_factors(pass, options, u.state.numbers[weight]);
    passes.push_back(std::move(pass));
  }
  kernel::sgd(passes);
  for (std::size_t i = 0; i < updates.size(); ++i) {
    const double momentum = updates[i].options<Options>().momentum;
    if (momentum == 0) continue;
    Tensor& a = updates[i].state.tensors[average];
    double& gathered = updates[i].state.numbers[weight];
    if (!a.defined()) a = *passes[i].average;
    gathered = total_weight(gathered, momentum);
  }
}

}  // namespace plumb::optim
