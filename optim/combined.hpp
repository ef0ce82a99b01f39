// Combined: one optimizer of several rules, each for some of the parameters.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "optimizer.hpp"

namespace plumb::optim {

/// Whether a rule takes a parameter, by its name, its rank or whatever it shows.
using Takes = std::function<bool(const Parameter& parameter)>;

/// Weights of linear layers, convolutions and embeddings: at least 2 axes.
inline bool is_matrix(const Parameter& parameter) { return parameter.variable.rank() >= 2; }
/// Every parameter: for the last of the choices.
inline bool any_parameter(const Parameter&) { return true; }
/// The parameters of a layer and of the layers in it: "0" takes "0.weight" and "0.2.bias", not
/// "01.weight".
Takes in_layer(const std::string& name);

/// Makes a rule for its parameters.
using MakeRule = std::function<std::unique_ptr<Optimizer>(const Parameters& parameters)>;

/// A rule with these options: by<optim::AdamW>(options).
template <class RuleOfParameters>
MakeRule by(const typename RuleOfParameters::Options& options = {}) {
  return [options](const Parameters& parameters) {
    return std::make_unique<RuleOfParameters>(parameters, options);
  };
}

/// Which parameters a rule takes, and the rule.
struct Choice {
  Takes takes;
  MakeRule make;
};

/// Several rules that step together.
///
///   optim::Combined optimizer(model.parameters(), {{optim::is_matrix, optim::by<optim::Muon>()},
///                                                  {optim::any_parameter, optim::by<optim::AdamW>()}});
///
/// The groups of all rules are its groups, in the order of the rules. So one Schedule gives each its
/// own learning rate times one factor, set_lr and set work by group, and there is one state dict.
/// Its name is that of its rules: "Muon+AdamW". A step that throws has changed nothing of any rule,
/// as long as every rule of one's own calls before_changes() in time. A rule that needs a closure
/// (LBFGS) cannot be one of several.
class Combined : public Optimizer {
 public:
  /// Each parameter goes to the first choice that takes it; each choice makes one group. Throws for a
  /// parameter that no choice takes, and for a choice that no parameter is left for.
  Combined(const Parameters& parameters, const std::vector<Choice>& choices);
  /// Rules with groups of their own, and with what they have kept so far; they belong to this one
  /// from then on. Throws where the list is empty, and as add() does.
  explicit Combined(std::vector<std::unique_ptr<Optimizer>> rules);

  /// One more rule, with all its groups. Throws for null, for what is Combined itself, for one whose
  /// weights to judge by are swapped in, and where a parameter or its name is in a group already.
  void add(std::unique_ptr<Optimizer> rule);
  /// The name of the rule of a group: "AdamW".
  std::string rule(int group) const;

 private:
  class Turn;
  using Parts = std::vector<std::vector<Update>>;

  void update(std::vector<Update>& updates) override;
  void update_from(Parts& parts, std::size_t rule);
  Tensor weights_to_judge(const Group& group, std::size_t index) const override;
  std::size_t rule_of(std::size_t group) const;

  std::vector<std::unique_ptr<Optimizer>> rules_;
  std::vector<std::size_t> ends_;  // of each rule: one past its last group
};

}  // namespace plumb::optim
