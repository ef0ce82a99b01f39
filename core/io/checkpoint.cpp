#include "checkpoint.hpp"

#include <exception>
#include <type_traits>

#include "../runtime/internal/fail.hpp"
#include "../runtime/version.hpp"
#include "safetensors.hpp"

namespace plumb {
namespace {

constexpr const char* operation = "Checkpoint";

// Parts of every checkpoint.
constexpr const char* variables_name = "run";
constexpr const char* settings_name = "settings";
// What is neither: the layout, and for people the version that has written it.
constexpr const char* layout_name = "checkpoint";
constexpr const char* version_name = "version";
constexpr std::int64_t layout = 1;

bool begins(const std::string& name, const std::string& start) {
  return name.compare(0, start.size(), start) == 0;
}

bool overlap(const std::string& a, const std::string& b) {
  return begins(a + ".", b + ".") || begins(b + ".", a + ".");
}

std::string to_string(const StateDict::Scalar& scalar) {
  if (const auto* value = std::get_if<bool>(&scalar)) return *value ? "true" : "false";
  if (const auto* value = std::get_if<std::string>(&scalar)) return "'" + *value + "'";
  if (const auto* value = std::get_if<std::int64_t>(&scalar)) return text(*value);
  return text(std::get<double>(scalar));
}

void check_layout(const StateDict& state) {
  const auto entry = state.scalars().find(layout_name);
  const auto* found =
      entry == state.scalars().end() ? nullptr : std::get_if<std::int64_t>(&entry->second);
  if (found == nullptr) fail(operation, "the state dict is not of a checkpoint");
  if (*found != layout)
    fail(operation, "the state dict is of layout ", *found, ", expected ", layout);
}

void check_name(const std::string& name) {
  if (name.empty()) fail(operation, "a name is empty");
}

}  // namespace

void Checkpoint::add_part(Part part) {
  check_name(part.name);
  for (const char* reserved : {variables_name, settings_name, layout_name, version_name})
    if (overlap(part.name, reserved)) fail(operation, "the name '", part.name, "' is reserved");
  for (const Part& other : parts_)
    if (overlap(part.name, other.name))
      fail(operation, "the name '", part.name, "' does not go beside '", other.name, "'");
  parts_.push_back(std::move(part));
}

void Checkpoint::add_variable(const std::string& name, Variable variable) {
  check_name(name);
  if (!variables_.emplace(name, variable).second)
    fail(operation, "the variable '", name, "' is tracked already");
}

void Checkpoint::add_setting(const std::string& name, StateDict::Scalar value) {
  check_name(name);
  if (!settings_.emplace(name, std::move(value)).second)
    fail(operation, "the setting '", name, "' is required already");
}

StateDict Checkpoint::state_dict() const {
  StateDict variables, settings, state;
  for (const auto& [name, variable] : variables_)
    std::visit([&, &name = name](auto* value) { variables.set(name, *value); }, variable);
  for (const auto& [name, setting] : settings_)
    std::visit([&, &name = name](const auto& value) { settings.set(name, value); }, setting);
  for (const Part& part : parts_) state.insert(part.name, part.save());
  state.insert(variables_name, variables);
  state.insert(settings_name, settings);
  state.set(layout_name, layout);
  state.set(version_name, version());
  return state;
}

std::string Checkpoint::setting_problems(const StateDict& settings) const {
  std::string problems;
  for (const auto& [name, mine] : settings_) {
    const auto saved = settings.scalars().find(name);
    if (saved == settings.scalars().end())
      problems += "\n  saved without the setting " + name;
    else if (saved->second != mine)
      problems += text("\n  saved with ", name, " ", to_string(saved->second), ", this run has ",
                       to_string(mine));
  }
  for (const auto& [name, saved] : settings.scalars())
    if (settings_.count(name) == 0)
      problems += text("\n  saved with ", name, " ", to_string(saved), ", this run has no such");
  return problems;
}

std::string Checkpoint::variable_problems(const StateDict& variables) const {
  std::string problems;
  for (const auto& [name, variable] : variables_) {
    const auto saved = variables.scalars().find(name);
    if (saved == variables.scalars().end())
      problems += "\n  saved without the variable " + name;
    else if (saved->second.index() != variable.index())
      problems += "\n  the variable " + name + " was saved as another kind";
  }
  for (const auto& [name, saved] : variables.scalars())
    if (variables_.count(name) == 0) problems += "\n  unexpected variable " + name;
  return problems;
}

std::string Checkpoint::unknown_entries(const StateDict& state) const {
  const auto known = [&](const std::string& name) {
    for (const Part& part : parts_)
      if (begins(name, part.name + ".")) return true;
    return false;
  };
  std::string problems;
  for (const auto& [name, tensor] : state.tensors())
    if (!known(name)) problems += "\n  unexpected " + name;
  for (const auto& [name, scalar] : state.scalars()) {
    const bool own = begins(name, std::string(variables_name) + ".") ||
                     begins(name, std::string(settings_name) + ".") || name == layout_name ||
                     name == version_name;
    if (!own && !known(name)) problems += "\n  unexpected " + name;
  }
  return problems;
}

// Tries every part, so that the message names all that does not fit; then puts back what was there.
std::string Checkpoint::load_parts(const StateDict& state) {
  std::vector<StateDict> before;
  for (const Part& part : parts_) before.push_back(part.save().clone());
  std::vector<bool> loaded;
  std::string problems;
  for (const Part& part : parts_) {
    loaded.push_back(true);
    try {
      part.load(state.part(part.name));
    } catch (...) {
      loaded.back() = false;
      problems += text("\n  ", part.name, ": ", detail::current_message());
    }
  }
  if (problems.empty()) return problems;
  // All, and the first one last: a schedule also sets the learning rates of the optimizer before
  // it.
  for (std::size_t i = parts_.size(); i-- > 0;) {
    try {
      parts_[i].load(before[i]);
    } catch (...) {
      if (loaded[i])
        problems += text("\n  ", parts_[i].name, " is not as before: ", detail::current_message());
    }
  }
  return problems;
}

void Checkpoint::load_variables(const StateDict& variables) {
  for (const auto& [name, variable] : variables_)
    std::visit(
        [&, &name = name](auto* value) {
          *value = variables.scalar<std::remove_pointer_t<decltype(value)>>(name);
        },
        variable);
}

void Checkpoint::load_state_dict(const StateDict& state) {
  check_layout(state);
  const StateDict variables = state.part(variables_name);
  std::string problems = setting_problems(state.part(settings_name)) +
                         variable_problems(variables) + unknown_entries(state);
  if (problems.empty()) problems = load_parts(state);
  if (!problems.empty())
    fail(operation, "what was saved by plumb ",
         state.has_scalar(version_name) ? to_string(state.scalars().at(version_name)) : "",
         " does not fit this run:", problems);
  load_variables(variables);
}

void Checkpoint::save(const std::string& path) const { save_safetensors(path, state_dict()); }

void Checkpoint::load(const std::string& path) {
  const LoadedState loaded = load_safetensors(path);
  if (!loaded.verified) fail(operation, path, ": no checkpoint of plumb: it has no checksums");
  try {
    load_state_dict(loaded.state);
  } catch (const Error& error) {
    throw Error(text(path, ": ", error.what()));
  }
}

}  // namespace plumb
