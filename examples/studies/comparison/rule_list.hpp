// The rules that the comparison programs know by name, and what is usual for each.
#pragma once

#include <cctype>
#include <memory>
#include <plumb/optim.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "matrix_rules.hpp"
#include "space.hpp"

namespace comparison {

namespace optim = plumb::optim;

/// The rules that have a name on the command line: that of their errors, in small letters.
template <class... Rule>
struct RuleList {};
template <class R>
struct RuleTag {
  using Rule = R;
};
using Rules = RuleList<optim::SGD, optim::Adam, optim::AdamW, optim::RMSprop, optim::Adagrad,
                       optim::Lion, optim::NAdam, optim::NAdamW, optim::RAdam, optim::AdEMAMix,
                       optim::LAMB, optim::LARS, optim::ScheduleFreeSGD, optim::ScheduleFreeAdamW,
                       optim::Prodigy, MuonAndAdamW, SOAPAndAdamW>;

template <class Rule>
std::string name_of() {
  std::string name = Rule::Options::fields().owner;
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

/// The rule for all parameters of a model, or what makes it from the model.
template <class Rule>
std::unique_ptr<optim::Optimizer> make_rule(plumb::nn::Module& model,
                                            const typename Rule::Options& options) {
  if constexpr (std::is_base_of_v<optim::Optimizer, Rule>)
    return std::make_unique<Rule>(model.parameters(), options);
  else
    return Rule::make(model, options);
}

/// How it is called in reports.
template <class Rule>
std::string title_of() {
  if constexpr (std::is_base_of_v<optim::Optimizer, Rule>)
    return Rule::Options::fields().owner;
  else
    return Rule::title;
}

template <class... Rule, class F>
void for_each(RuleList<Rule...>, F f) {
  (f(RuleTag<Rule>()), ...);
}

/// How much a constant gradient's steps grow in the end.
inline double growth(const optim::SGDOptions& options) {
  return options.momentum == 0 ? 1 : (1 - options.dampening) / (1 - options.momentum);
}
inline double growth(const optim::LARSOptions& options) {
  return options.debias ? 1 : 1 / (1 - options.momentum);
}
inline double growth(const optim::RMSpropOptions& options) { return 1 / (1 - options.momentum); }
template <class Options>
double growth(const Options&) {
  return 1;
}

/// The largest learning rate of the search, before growth.
inline double usual_limit(const optim::SGDOptions&) { return 10; }
inline double usual_limit(const optim::AdagradOptions&) { return 1; }
inline double usual_limit(const optim::LionOptions&) { return 0.01; }
inline double usual_limit(const optim::LARSOptions&) { return 1000; }
inline double usual_limit(const optim::ScheduleFreeSGDOptions&) { return 10; }
inline double usual_limit(const optim::ProdigyOptions&) { return 100; }
inline double usual_limit(const MuonAndAdamWOptions&) { return 1; }
template <class Options>
double usual_limit(const Options&) {
  return 0.1;
}

/// Options that follow from others unless they are given.
inline void complete(optim::SGDOptions& options, bool has_dampening) {
  if (options.debias && !has_dampening) options.dampening = options.momentum;
}
template <class Options>
void complete(Options&, bool) {}

/// Whether a schedule besides warm-up is meant for the rule.
template <class Options>
constexpr bool is_scheduled = !std::is_same_v<Options, optim::ScheduleFreeSGDOptions> &&
                              !std::is_same_v<Options, optim::ScheduleFreeAdamWOptions>;

/// What Search::space adds for a rule.
template <class Options>
std::vector<Dimension> usual_space() {
  std::vector<Dimension> all;
  const auto add = [&](const char* name, double low, double high) {
    if (optim::number_named<Options>(name) != nullptr)
      all.push_back({name, low, high, scale_of(name, low, high)});
  };
  add("beta1", 0.8, 0.98);
  add("beta2", 0.95, 0.999);
  if (std::is_same_v<Options, optim::RMSpropOptions>) add("alpha", 0.9, 0.999);
  if (std::is_same_v<Options, MuonAndAdamWOptions>) {
    add("momentum", 0.8, 0.98);
    add("adamw_ratio", 0.01, 1);
  }
  const auto decay = optim::number_named<Options>("weight_decay");
  if (decay != nullptr && Options().*decay > 0) add("weight_decay", 1e-4, 0.1);
  return all;
}

}  // namespace comparison
