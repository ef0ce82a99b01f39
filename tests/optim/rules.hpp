// Every rule by name, for the tests of what all have in common.
#pragma once

#include <memory>

#include "parameters.hpp"

namespace plumb::test {

inline std::unique_ptr<optim::Optimizer> make_optimizer(
    const std::string& rule, const std::vector<optim::ParameterGroup>& groups) {
  if (rule == "SGD") return std::make_unique<optim::SGD>(groups, optim::SGDOptions());
  if (rule == "Adam") return std::make_unique<optim::Adam>(groups);
  if (rule == "AdamW") return std::make_unique<optim::AdamW>(groups);
  if (rule == "RMSprop") return std::make_unique<optim::RMSprop>(groups);
  REQUIRE(rule == "Adagrad");
  return std::make_unique<optim::Adagrad>(groups);
}

/// A rule under some options.
struct RuleCase {
  std::string rule;
  optim::Settings options;
};

/// Every rule, under options that make it keep little and much.
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
  };
}

/// "SGD momentum=0.9", for messages.
inline std::string to_string(const RuleCase& it) { return it.rule + " " + to_string(it.options); }

}  // namespace plumb::test
