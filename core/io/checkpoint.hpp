// Checkpoint: all that a training run needs to go on as if it had never stopped, in one file.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "state_dict.hpp"

namespace plumb {

namespace detail {
template <class T, class = void>
struct HasGenerators : std::false_type {};
template <class T>
struct HasGenerators<T, std::void_t<decltype(std::declval<T&>().generators())>> : std::true_type {};
}  // namespace detail

/// The parts of a run, gathered into one safetensors file and given back from it:
///
///     Checkpoint checkpoint;
///     checkpoint.add("model", model);
///     checkpoint.add("optimizer", optimizer);
///     checkpoint.add("loader", loader);
///     checkpoint.track("epoch", epoch);
///     checkpoint.require("batch_size", options.batch_size);
///     checkpoint.save("run.safetensors");
///
/// Objects and variables are held by reference and must live as long as they are saved and loaded.
/// A part "model" has its tensors in the file as "model.0.weight" and so on, for every reader of
/// safetensors.
class Checkpoint {
 public:
  /// Adds an object with state_dict() and load_state_dict(const StateDict&): a model, an optimizer,
  /// a schedule, a DataLoader, a Generator, something of one's own. The generators() of a module
  /// are saved with it, as "<name>_generators". Throws for names that are empty, taken, or begin
  /// like another up to a dot.
  template <class T>
  void add(const std::string& name, T& object) {
    add_part({name, [&object] { return object.state_dict(); },
              [&object](const StateDict& state) { object.load_state_dict(state); }});
    if constexpr (detail::HasGenerators<T>::value)
      for (const auto& named : object.generators())
        add(name + "_generators." + named.name, *named.generator);
  }

  /// Adds a variable: a counter, a running sum, the best score so far.
  void track(const std::string& name, bool& variable) { add_variable(name, &variable); }
  void track(const std::string& name, std::int64_t& variable) { add_variable(name, &variable); }
  void track(const std::string& name, double& variable) { add_variable(name, &variable); }
  void track(const std::string& name, std::string& variable) { add_variable(name, &variable); }

  /// Adds a setting of the run: loading refuses a file that was saved with another.
  void require(const std::string& name, bool value) { add_setting(name, value); }
  void require(const std::string& name, int value) { add_setting(name, std::int64_t{value}); }
  void require(const std::string& name, std::int64_t value) { add_setting(name, value); }
  void require(const std::string& name, double value) { add_setting(name, value); }
  void require(const std::string& name, const std::string& value) { add_setting(name, value); }
  void require(const std::string& name, const char* value) {
    add_setting(name, std::string(value));
  }

  /// Everything, as it is now. Shares memory.
  StateDict state_dict() const;
  /// Gives everything back. All or nothing: where anything does not fit, throws one error that
  /// names it all (settings, variables and unknown entries first; then the objects, each in its own
  /// words), and what had been loaded is as before. That takes a copy of all parts for a while.
  void load_state_dict(const StateDict& state);

  /// save_safetensors of state_dict(): the file is replaced as a whole.
  void save(const std::string& path) const;
  /// load_state_dict of a file, with its path in front of errors. Throws for files without
  /// checksums: no Checkpoint has written those.
  void load(const std::string& path);

 private:
  struct Part {
    std::string name;
    std::function<StateDict()> save;
    std::function<void(const StateDict&)> load;
  };
  using Variable = std::variant<bool*, std::int64_t*, double*, std::string*>;

  void add_part(Part part);
  void add_variable(const std::string& name, Variable variable);
  void add_setting(const std::string& name, StateDict::Scalar value);
  // Each gives what does not fit, a line for each.
  std::string setting_problems(const StateDict& settings) const;
  std::string variable_problems(const StateDict& variables) const;
  std::string unknown_entries(const StateDict& state) const;
  std::string load_parts(const StateDict& state);
  void load_variables(const StateDict& variables);

  std::vector<Part> parts_;
  std::map<std::string, Variable> variables_;
  std::map<std::string, StateDict::Scalar> settings_;
};

}  // namespace plumb
