// Rule: what every update rule of this room has beside its formula.
#pragma once

#include <vector>

#include "optimizer.hpp"

namespace plumb::optim {

/// An optimizer whose groups have these options. Options::state() says what is kept of every
/// parameter. The rule itself adds `update`.
template <class OptionsOfRule>
class Rule : public Optimizer {
 public:
  using Options = OptionsOfRule;

  /// One group of all. Throws where the options are not valid: "[Adam] beta1 must be in [0, 1), got
  /// 1".
  explicit Rule(const Parameters& parameters, const Options& options = {})
      : Rule(std::vector<ParameterGroup>{{parameters}}, options) {}
  /// Groups, each with the options in which it differs from `defaults`.
  explicit Rule(const std::vector<ParameterGroup>& groups, const Options& defaults = {})
      : Optimizer(groups, defaults, Options::state()) {}

  /// The options of a group.
  Options options(int group) const { return typed_options<Options>(group); }
};

}  // namespace plumb::optim
