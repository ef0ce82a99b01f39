// Every rule by name, for the tests of what all have in common.
#pragma once

#include <memory>

#include "parameters.hpp"

namespace plumb::test {

template <class Rule>
void make_if_named(const std::string& rule, const std::vector<optim::ParameterGroup>& groups,
                   std::unique_ptr<optim::Optimizer>& to) {
  using Options = typename Rule::Options;
  if (rule == Options::fields().owner) to = std::make_unique<Rule>(groups, Options());
}

template <class... Rules>
std::unique_ptr<optim::Optimizer> make_one_of(const std::string& rule,
                                              const std::vector<optim::ParameterGroup>& groups) {
  std::unique_ptr<optim::Optimizer> made;
  (make_if_named<Rules>(rule, groups, made), ...);
  REQUIRE(made != nullptr);
  return made;
}

inline std::unique_ptr<optim::Optimizer> make_optimizer(
    const std::string& rule, const std::vector<optim::ParameterGroup>& groups) {
  return make_one_of<optim::SGD, optim::Adam, optim::AdamW, optim::RMSprop, optim::Adagrad,
                     optim::Lion, optim::NAdam, optim::NAdamW, optim::RAdam, optim::AdEMAMix,
                     optim::LAMB, optim::LARS, optim::Muon, optim::SOAP, optim::ScheduleFreeSGD,
                     optim::ScheduleFreeAdamW, optim::Prodigy>(rule, groups);
}

/// A rule under some options.
struct RuleCase {
  std::string rule;
  optim::Settings options;
};

/// Every rule for parameters of any rank, under options that make it keep little and much.
inline std::vector<RuleCase> rule_cases() {
  return {
      {"SGD", {}},
      {"SGD", {{"momentum", 0.9}}},
      {"SGD", {{"momentum", 0.9}, {"nesterov", true}}},
      {"SGD", {{"momentum", 0.9}, {"dampening", 0.5}}},
      {"SGD", {{"momentum", 0.99}, {"dampening", 0.99}, {"debias", true}, {"weight_decay", 0.1}}},
      {"SGD", {{"momentum", 0.9}, {"debias", true}, {"nesterov", true}, {"maximize", true}}},
      {"SGD", {{"accumulate_below", 0.6}}},
      {"SGD", {{"accumulate_below", 2.0}, {"max_wait", 3}, {"momentum", 0.9}}},
      {"Adam", {}},
      {"Adam", {{"amsgrad", true}, {"weight_decay", 0.1}, {"maximize", true}, {"beta2", 0.9}}},
      {"AdamW", {}},
      {"AdamW", {{"amsgrad", true}, {"weight_decay", 0.5}, {"beta1", 0.0}}},
      {"RMSprop", {}},
      {"RMSprop", {{"centered", true}, {"momentum", 0.9}, {"weight_decay", 0.1}}},
      {"Adagrad", {}},
      {"Adagrad", {{"initial_sum", 0.5}, {"lr_decay", 0.1}, {"weight_decay", 0.1}}},
      {"Lion", {}},
      {"Lion", {{"debias", true}, {"weight_decay", 0.1}}},
      {"NAdam", {{"weight_decay", 0.1}, {"maximize", true}}},
      {"NAdamW", {}},
      {"RAdam", {}},
      {"RAdam", {{"beta2", 0.9}, {"weight_decay", 0.1}}},
      {"AdEMAMix", {{"weight_decay", 0.1}, {"alpha_warmup", 4}, {"beta3_warmup", 5}}},
      {"LAMB", {}},
      {"LARS", {{"weight_decay", 0.1}}},
      {"LARS", {{"momentum", 0.0}}},
      {"LARS", {{"debias", true}}},
      {"ScheduleFreeSGD", {}},
      {"ScheduleFreeAdamW", {{"weight_decay", 0.1}}},
      {"Prodigy", {{"weight_decay", 0.1}}},
  };
}

/// Every rule for matrices.
inline std::vector<RuleCase> matrix_rule_cases() {
  return {{"Muon", {}},
          {"Muon", {{"nesterov", false}, {"weight_decay", 0.1}}},
          {"SOAP", {}},
          {"SOAP", {{"precondition_frequency", 3}}},
          {"SOAP", {{"precondition_frequency", 2}, {"max_precond_dim", 3}}}};
}

/// "SGD momentum=0.9", for messages.
inline std::string to_string(const RuleCase& it) { return it.rule + " " + to_string(it.options); }

}  // namespace plumb::test
