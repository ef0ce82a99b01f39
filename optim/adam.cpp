#include "adam.hpp"

#include <cmath>

#include "../core/kernels/optim/adam.hpp"
#include "adamw.hpp"
#include "moving_average.hpp"

namespace plumb::optim {
namespace {

// Places in ParameterState. The numbers are 1 - beta^t, 0 until the moments begin.
enum Tensors : std::size_t { first, second, highest };
enum Numbers : std::size_t { first_weight, second_weight };

StateNames state_names() {
  return {{"first_moment", "second_moment", "highest_second_moment"},
          {{"first_weight", closed(0, 1), "first_moment"},
           {"second_weight", closed(0, 1), "second_moment"}}};
}

// The factors of the step after which the moments have gathered these weights.
template <class Options>
void set_factors(kernel::AdamPass& pass, const Options& options, double first, double second) {
  pass.sign = options.maximize ? -1 : 1;
  pass.keep_first = options.beta1;
  pass.take_first = 1 - options.beta1;
  pass.keep_second = options.beta2;
  pass.take_second = 1 - options.beta2;
  pass.rate = options.lr / first;
  pass.scale = 1 / std::sqrt(second);
  pass.eps = options.eps;
  if (Options::decouples_decay)
    pass.shrink = 1 - options.lr * options.weight_decay;
  else
    pass.weight_decay = options.weight_decay;
}

template <class Options>
Fields<Options> fields_of(const char* owner) {
  return {owner,
          {{"lr", &Options::lr, at_least(0)},
           {"beta1", &Options::beta1, half_open(0, 1)},
           {"beta2", &Options::beta2, half_open(0, 1)},
           {"eps", &Options::eps, at_least(0)},
           {"weight_decay", &Options::weight_decay, at_least(0)},
           {"amsgrad", &Options::amsgrad},
           {"maximize", &Options::maximize}}};
}

}  // namespace

const Fields<AdamOptions>& AdamOptions::fields() {
  static const auto all = fields_of<AdamOptions>("Adam");
  return all;
}

const Fields<AdamWOptions>& AdamWOptions::fields() {
  static const auto all = fields_of<AdamWOptions>("AdamW");
  return all;
}

template <class Options>
BasicAdam<Options>::BasicAdam(const Parameters& parameters, const Options& options)
    : BasicAdam(std::vector<ParameterGroup>{{parameters}}, options) {}

template <class Options>
BasicAdam<Options>::BasicAdam(const std::vector<ParameterGroup>& groups, const Options& defaults)
    : Optimizer(groups, defaults, state_names()) {}

template <class Options>
void BasicAdam<Options>::update(std::vector<Update>& updates) {
  std::vector<kernel::AdamPass> passes;
  passes.reserve(updates.size());
  Beginnings beginnings(*this);
  for (Update& u : updates) {
    const auto& options = u.template options<Options>();
    kernel::AdamPass& pass = passes.emplace_back();
    pass.first = beginnings.tensor(u, first);
    pass.second = beginnings.tensor(u, second);
    if (options.amsgrad) pass.highest = beginnings.tensor(u, highest);
    set_factors(pass, options, total_weight(u.state.numbers[first_weight], options.beta1),
                total_weight(u.state.numbers[second_weight], options.beta2));
    pass.parameter = std::move(u.value);
    pass.gradient = std::move(u.gradient);
  }
  kernel::adam(passes);
  beginnings.keep();
  for (Update& u : updates) {
    const auto& options = u.template options<Options>();
    std::vector<double>& numbers = u.state.numbers;
    numbers[first_weight] = total_weight(numbers[first_weight], options.beta1);
    numbers[second_weight] = total_weight(numbers[second_weight], options.beta2);
  }
}

template class BasicAdam<AdamOptions>;
template class BasicAdam<AdamWOptions>;

}  // namespace plumb::optim
