// Options of update rules: plain structs, and the one list of (name, field) that describes each.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "../core/io/state_dict.hpp"

namespace plumb::optim {

/// bool, std::int64_t, double or std::string: what a state dict holds too.
using OptionValue = StateDict::Scalar;

/// An option by name: {"lr", 0.01}.
struct Setting {
  std::string name;
  OptionValue value;
};
using Settings = std::vector<Setting>;

/// "lr=0.1, momentum=0.9, nesterov=false".
std::string to_string(const Settings& settings);

/// The values a number may have: [low, high), or [low, high] when closed. Never NaN.
struct Range {
  double low;
  double high;
  bool closed = false;
};
/// [low, inf): finite.
inline Range at_least(double low) { return {low, std::numeric_limits<double>::infinity()}; }
inline Range half_open(double low, double high) { return {low, high}; }
inline Range closed(double low, double high) { return {low, high, true}; }

/// The name of an option, where it is kept, and its range.
template <class Options>
struct Field {
  Field(const char* option, bool Options::*place)
      : name(option), member(place), range{0, 1, true} {}
  Field(const char* option, double Options::*place, Range allowed)
      : name(option), member(place), range(allowed) {}
  Field(const char* option, std::int64_t Options::*place, Range allowed)
      : name(option), member(place), range(allowed) {}

  const char* name;
  std::variant<bool Options::*, double Options::*, std::int64_t Options::*> member;
  Range range;
};

/// Fields in the order in which they were listed. For static storage: what it holds is never freed,
/// so that destructors of other static objects can still make optimizers and save them.
template <class Options>
class FieldList {
 public:
  FieldList(std::initializer_list<Field<Options>> fields)
      : FieldList(std::vector<Field<Options>>(fields)) {}
  FieldList(std::vector<Field<Options>> fields)  // NOLINT: a list of fields either way
      : fields_(new std::vector<Field<Options>>(std::move(fields))) {}

  auto begin() const { return fields_->begin(); }
  auto end() const { return fields_->end(); }

 private:
  const std::vector<Field<Options>>* fields_;
};

/// All that is known of a struct of options; it returns its own from `static fields()`:
///
///   const Fields<SGDOptions>& SGDOptions::fields() {
///     static const Fields<SGDOptions> all = {"SGD", {{"lr", &SGDOptions::lr, at_least(0)}, ...}};
///     return all;
///   }
template <class Options>
struct Fields {
  const char* owner;  ///< The rule's name, a literal, in front of its errors.
  FieldList<Options> list;
  /// Throws where fields that are each in range contradict one another; may be null.
  void (*check_together)(const Options&) = nullptr;
};

namespace detail {
// The value converted to the field's type, where that loses nothing; throw otherwise.
void read(std::string_view owner, const Setting& setting, bool& to);
void read(std::string_view owner, const Setting& setting, double& to);
void read(std::string_view owner, const Setting& setting, std::int64_t& to);
void check_range(std::string_view owner, const char* name, double value, const Range& range);
[[noreturn]] void refuse_name(std::string_view owner, const std::string& name,
                              const std::string& known);
}  // namespace detail

/// Every option with its value, in the order of the list.
template <class Options>
Settings settings_of(const Options& options) {
  Settings all;
  for (const Field<Options>& field : Options::fields().list)
    std::visit([&](auto member) { all.push_back({field.name, options.*member}); }, field.member);
  return all;
}

/// Where the number of that name is kept; null where no option that is a double has it.
template <class Options>
double Options::*number_named(std::string_view name) {
  for (const Field<Options>& field : Options::fields().list)
    if (name == field.name)
      if (const auto* member = std::get_if<double Options::*>(&field.member)) return *member;
  return nullptr;
}

/// Throws "[SGD] momentum must be in [0, 1), got 1.2" for the first option out of range.
template <class Options>
void validate(const Options& options) {
  const Fields<Options>& fields = Options::fields();
  for (const Field<Options>& field : fields.list)
    std::visit(
        [&](auto member) {
          detail::check_range(fields.owner, field.name, static_cast<double>(options.*member),
                              field.range);
        },
        field.member);
  if (fields.check_together != nullptr) fields.check_together(options);
}

/// A copy of `options` with these set. Throws for unknown names and for values of another kind;
/// does not validate.
template <class Options>
Options with(Options options, const Settings& changes) {
  const Fields<Options>& fields = Options::fields();
  for (const Setting& change : changes) {
    bool found = false;
    std::string known;
    for (const Field<Options>& field : fields.list) {
      known += (known.empty() ? "" : ", ") + std::string(field.name);
      if (change.name != field.name) continue;
      found = true;
      std::visit([&](auto member) { detail::read(fields.owner, change, options.*member); },
                 field.member);
    }
    if (!found) detail::refuse_name(fields.owner, change.name, known);
  }
  return options;
}

}  // namespace plumb::optim
