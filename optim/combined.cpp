#include "combined.hpp"

#include <algorithm>
#include <iterator>

#include "../core/runtime/internal/fail.hpp"

namespace plumb::optim {
namespace {

constexpr const char* owner = "Combined";

}  // namespace

// The rules behind one, which get ready when that one is.
class Combined::Turn final : public Optimizer::Sequel {
 public:
  Turn(Combined& all, Parts& parts, std::size_t rule) : all_(all), parts_(parts), rule_(rule) {
    all_.rules_[rule_]->sequel_ = this;
  }
  ~Turn() { all_.rules_[rule_]->sequel_ = nullptr; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  void run() override {
    taken_ = true;
    all_.update_from(parts_, rule_ + 1);
  }
  bool taken() const { return taken_; }

 private:
  Combined& all_;
  Parts& parts_;
  std::size_t rule_;
  bool taken_ = false;
};

Takes in_layer(const std::string& name) {
  return [prefix = name + "."](const Parameter& parameter) {
    return parameter.name.compare(0, prefix.size(), prefix) == 0;
  };
}

Combined::Combined(const Parameters& parameters, const std::vector<Choice>& choices) {
  name_ = owner;
  if (choices.empty()) fail(owner, "the list of choices is empty");
  std::vector<Parameters> taken(choices.size());
  for (const Parameter& parameter : parameters) {
    const auto choice = std::find_if(choices.begin(), choices.end(),
                                     [&](const Choice& c) { return c.takes(parameter); });
    if (choice == choices.end()) fail(owner, "no choice takes parameter '", parameter.name, "'");
    taken[static_cast<std::size_t>(choice - choices.begin())].push_back(parameter);
  }
  for (std::size_t k = 0; k < choices.size(); ++k) {
    if (taken[k].empty()) fail(owner, "no parameter is left for choice ", std::uint64_t{k});
    add(choices[k].make(taken[k]));
  }
}

Combined::Combined(std::vector<std::unique_ptr<Optimizer>> rules) {
  name_ = owner;
  if (rules.empty()) fail(owner, "the list of rules is empty");
  for (std::unique_ptr<Optimizer>& rule : rules) add(std::move(rule));
}

void Combined::add(std::unique_ptr<Optimizer> rule) {
  if (rule == nullptr) fail(name_, "a rule is null");
  if (dynamic_cast<const Combined*>(rule.get()) != nullptr)
    fail(name_, "a rule must not be combined itself, got ", rule->name());
  check_swapped_out("add a rule");
  rule->check_swapped_out("add it");
  Parameters parameters;
  for (const Group& group : rule->groups_)
    parameters.insert(parameters.end(), group.parameters.begin(), group.parameters.end());
  check_new(parameters, *rule->names_);
  std::string name = rules_.empty() ? rule->name_ : name_ + "+" + rule->name_;
  groups_.reserve(groups_.size() + rule->groups_.size());
  ends_.reserve(rules_.size() + 1);
  rules_.reserve(rules_.size() + 1);
  std::move(rule->groups_.begin(), rule->groups_.end(), std::back_inserter(groups_));
  rule->groups_.clear();
  ends_.push_back(groups_.size());
  rules_.push_back(std::move(rule));
  name_ = std::move(name);
}

std::size_t Combined::rule_of(std::size_t group) const {
  return static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), group) -
                                  ends_.begin());
}

std::string Combined::rule(int group) const {
  at(group);
  return rules_[rule_of(static_cast<std::size_t>(group))]->name();
}

void Combined::update(std::vector<Update>& updates) {
  Parts parts(rules_.size());
  std::size_t group = 0;
  for (Update& u : updates) {  // in the order of the groups
    while (groups_[group].options.get() != &u.group) ++group;
    parts[rule_of(group)].push_back(std::move(u));
  }
  update_from(parts, 0);
}

// The rule gets ready, and so do all behind it before any of them changes a value.
void Combined::update_from(Parts& parts, std::size_t rule) {
  if (rule == rules_.size()) return;
  Turn turn(*this, parts, rule);
  rules_[rule]->update(parts[rule]);
  if (!turn.taken()) turn.run();
}

Tensor Combined::weights_to_judge(const Group& group, std::size_t index) const {
  const auto k = static_cast<std::size_t>(&group - groups_.data());
  return rules_[rule_of(k)]->weights_to_judge(group, index);
}

}  // namespace plumb::optim
