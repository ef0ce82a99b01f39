// GroupOptions: the options of one parameter group, whatever the rule, as Optimizer keeps them.
#pragma once

#include <memory>

#include "fields.hpp"

namespace plumb::optim {

/// Valid options of some rule. Never changed: a change makes another one, so that what is refused
/// has changed nothing.
class GroupOptions {
 public:
  virtual ~GroupOptions() = default;
  /// Every option with its value.
  virtual Settings settings() const = 0;
  /// The same but for `changes`. Throws for unknown names, values of another kind or out of range.
  virtual std::shared_ptr<const GroupOptions> changed(const Settings& changes) const = 0;
};

/// GroupOptions that are an Options.
template <class Options>
class TypedOptions final : public GroupOptions {
 public:
  /// Throws where they are not valid.
  explicit TypedOptions(const Options& options) : options(options) { validate(options); }
  Settings settings() const override { return settings_of(options); }
  std::shared_ptr<const GroupOptions> changed(const Settings& changes) const override {
    return std::make_shared<const TypedOptions>(with(options, changes));
  }

  const Options options;
};

}  // namespace plumb::optim
