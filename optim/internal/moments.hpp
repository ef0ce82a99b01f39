// What Adam and its relatives have in common: their options, the two moments, and the weights of these.
#pragma once

#include <utility>
#include <vector>

#include "../moving_average.hpp"
#include "../optimizer.hpp"

namespace plumb::optim {

/// The options that all of them have, and behind them those of one rule.
template <class Options>
Fields<Options> adam_fields(const char* owner, std::vector<Field<Options>> others = {}) {
  std::vector<Field<Options>> all = {{"lr", &Options::lr, at_least(0)},
                                     {"beta1", &Options::beta1, half_open(0, 1)},
                                     {"beta2", &Options::beta2, half_open(0, 1)},
                                     {"eps", &Options::eps, at_least(0)},
                                     {"weight_decay", &Options::weight_decay, at_least(0)}};
  all.insert(all.end(), others.begin(), others.end());
  return {owner, std::move(all)};
}

/// The moments, and other tensors of one rule behind them.
inline StateNames moment_state(const std::vector<StateTensor>& others = {}) {
  StateNames names = {{"first_moment", "second_moment"},
                      {{"first_weight", closed(0, 1), "first_moment"},
                       {"second_weight", closed(0, 1), "second_moment"}}};
  names.tensors.insert(names.tensors.end(), others.begin(), others.end());
  return names;
}

/// What the weights of each moment add up to, 1 - beta^t: 0 before the first step.
struct MomentWeights {
  double first, second;
};

/// After this step, of the numbers that were kept before it.
template <class Options>
MomentWeights weights_with_step(const std::vector<double>& numbers, const Options& options) {
  return {total_weight(numbers[0], options.beta1), total_weight(numbers[1], options.beta2)};
}

/// Keeps them: to be called behind the loop.
template <class Options>
void count_moments(std::vector<double>& numbers, const Options& options) {
  const MomentWeights weights = weights_with_step(numbers, options);
  numbers = {weights.first, weights.second};
}

}  // namespace plumb::optim
