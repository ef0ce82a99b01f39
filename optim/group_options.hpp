// GroupOptions: the options of one parameter group, whatever the rule, as Optimizer keeps them.
#pragma once

#include <memory>

#include "../core/runtime/error.hpp"
#include "fields.hpp"

namespace plumb::optim {

/// Valid options of some rule. Only an Optimizer changes them, and only after it has checked the
/// new ones, so that what is refused has changed nothing.
class GroupOptions {
 public:
  virtual ~GroupOptions() = default;
  /// Every option with its value.
  virtual Settings settings() const = 0;
  /// A copy with `changes`. Throws for unknown names, values of another kind or out of range.
  virtual std::shared_ptr<GroupOptions> changed(const Settings& changes) const = 0;
  /// The option "lr". Throws where there is none.
  virtual double lr() const = 0;

 private:
  friend class Optimizer;
  // Two steps, so that all groups can be checked before the first is set. Neither allocates.
  virtual void check_lr(double lr) const = 0;
  virtual void set_lr(double lr) = 0;
};

/// GroupOptions that are an Options.
template <class Options>
class TypedOptions final : public GroupOptions {
 public:
  /// Throws where they are not valid.
  explicit TypedOptions(const Options& options) : options_(options) { validate(options); }
  const Options& options() const& { return options_; }
  const Options& options() const&& = delete;

  Settings settings() const override { return settings_of(options_); }
  std::shared_ptr<GroupOptions> changed(const Settings& changes) const override {
    return std::make_shared<TypedOptions>(with(options_, changes));
  }
  double lr() const override {
    const auto member = number_named<Options>("lr");
    if (member == nullptr) errors::fail(Options::fields().owner, "no option named 'lr'");
    return options_.*member;
  }

 private:
  void check_lr(double lr) const override {
    const auto member = number_named<Options>("lr");
    if (member == nullptr) return validate(with(options_, {{"lr", lr}}));  // throws, by name
    Options copy = options_;
    copy.*member = lr;
    validate(copy);
  }
  void set_lr(double lr) override { options_.*number_named<Options>("lr") = lr; }

  Options options_;
};

}  // namespace plumb::optim
