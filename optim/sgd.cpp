#include "sgd.hpp"

#include <atomic>
#include <forward_list>

#include "../core/kernels/optim/sgd.hpp"
#include "../core/runtime/error.hpp"
#include "moving_average.hpp"

namespace plumb::optim {
namespace {

// Places in ParameterState. The weight is 1 - P, 0 until there is an average.
enum Tensors : std::size_t { average, residual, age };
enum Numbers : std::size_t { weight, offered, released };

StateNames state_names() {
  return {{"average", "residual", {"age", DType::uint8}},
          {{"total_weight", closed(0, 1), "average"},
           {"offered", at_least(0)},
           {"released", at_least(0)}}};
}

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

// Counts what was done, and forgets what is used up: a residual that was released everywhere, ages
// that no limit is compared with.
void after_step(ParameterState& state, const SGDOptions& options, const kernel::SgdPass& pass) {
  if (options.momentum != 0)
    state.numbers[weight] = total_weight(state.numbers[weight], options.momentum);
  if (pass.residual != nullptr) {
    state.numbers[offered] += static_cast<double>(pass.parameter.numel());
    state.numbers[released] += static_cast<double>(*pass.released);
  }
  if (pass.residual == nullptr || options.accumulate_below == 0) state.tensors[residual] = Tensor();
  if (pass.residual == nullptr || options.max_wait == 0) state.tensors[age] = Tensor();
}

}  // namespace

const Fields<SGDOptions>& SGDOptions::fields() {
  static const Fields<SGDOptions> all = {
      "SGD",
      {{"lr", &SGDOptions::lr, at_least(0)},
       {"momentum", &SGDOptions::momentum, half_open(0, 1)},
       {"dampening", &SGDOptions::dampening, closed(0, 1)},
       {"debias", &SGDOptions::debias},
       {"nesterov", &SGDOptions::nesterov},
       {"weight_decay", &SGDOptions::weight_decay, at_least(0)},
       {"maximize", &SGDOptions::maximize},
       {"accumulate_below", &SGDOptions::accumulate_below, at_least(0)},
       {"max_wait", &SGDOptions::max_wait, closed(0, 255)}},
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
    : Optimizer(groups, defaults, state_names()) {}

void SGD::flush() {
  std::vector<Update> updates = updates_by(
      [](const Parameter&, const ParameterState& state) { return state.tensors[residual]; });
  update(updates, Release::everything);
  count_step(updates);
}

ReleaseCount SGD::release_count(int group) const {
  ReleaseCount count;
  for (const ParameterState& state : at(group).states) {
    count.offered += static_cast<std::int64_t>(state.numbers[offered]);
    count.released += static_cast<std::int64_t>(state.numbers[released]);
  }
  return count;
}

ReleaseCount SGD::release_count() const {
  ReleaseCount all;
  for (int k = 0; k < static_cast<int>(groups().size()); ++k) {
    const ReleaseCount count = release_count(k);
    all.offered += count.offered;
    all.released += count.released;
  }
  return all;
}

void SGD::update(std::vector<Update>& updates) { update(updates, Release::as_set); }

void SGD::update(std::vector<Update>& updates, Release release) {
  std::vector<kernel::SgdPass> passes;
  passes.reserve(updates.size());
  Beginnings beginnings(*this);
  std::forward_list<std::atomic<std::int64_t>> counts;
  for (Update& u : updates) {
    const auto& options = u.options<Options>();
    kernel::SgdPass& pass = passes.emplace_back();
    if (options.momentum != 0) pass.average = beginnings.tensor(u, average);
    set_factors(pass, options, u.state.numbers[weight]);
    if (release == Release::everything) {
      pass.sign = 1;  // what is kept has its sign already
    } else if (options.accumulate_below > 0 || u.state.tensors[residual].defined()) {
      pass.residual = beginnings.tensor(u, residual);
      if (options.max_wait > 0) pass.age = beginnings.tensor(u, age);
      pass.threshold = options.accumulate_below;
      pass.max_wait = static_cast<int>(options.max_wait);
      pass.released = &counts.emplace_front(0);
    }
    pass.parameter = std::move(u.value);
    pass.gradient = std::move(u.gradient);
  }
  kernel::sgd(passes);
  beginnings.keep();
  for (std::size_t i = 0; i < updates.size(); ++i)
    after_step(updates[i].state, updates[i].options<Options>(), passes[i]);
}

}  // namespace plumb::optim
