// Saving and loading of an optimizer:
//   optimizer                    the rule's name
//   groups                       how many
//   group.<index>.<option>       every option
//   parameter.<parameter>        index of its group
//   state.<parameter>.steps      steps that it took part in
//   state.<parameter>.<name>     numbers, and tensors; "none" for one that is undefined
#include <cmath>
#include <map>

#include "../core/runtime/internal/fail.hpp"
#include "optimizer.hpp"

namespace plumb::optim {
namespace {

constexpr const char* none = "none";

std::string group_key(std::size_t group, const std::string& option) {
  return text("group.", std::uint64_t{group}, ".", option);
}

std::string state_key(const std::string& parameter, const std::string& what) {
  return text("state.", parameter, ".", what);
}

// Takes entries out of a state dict and gathers all that does not fit.
class Reader {
 public:
  explicit Reader(const StateDict& from) : tensors_(from.tensors()), scalars_(from.scalars()) {}

  void complain(const std::string& what) { problems_ += (problems_.empty() ? "" : "; ") + what; }

  // The scalar of that name; `otherwise` where there is none of T.
  template <class T>
  T scalar(const std::string& name, T otherwise = T()) {
    const auto found = scalars_.extract(name);
    const T* value = found.empty() ? nullptr : std::get_if<T>(&found.mapped());
    if (value != nullptr) return *value;
    complain(found.empty() ? "no " + name : name + " is of another kind");
    return otherwise;
  }
  double number(const std::string& name, const Range& range) {
    const double value = scalar<double>(name);
    const bool low_enough = range.closed ? value <= range.high : value < range.high;
    if (!std::isfinite(value) || value < range.low || !low_enough)
      complain(text(name, " is ", value, ", expected [", range.low, ", ", range.high,
                    range.closed ? "]" : ")"));
    return value;
  }
  // Up to 2^62, so that the steps to come can be counted.
  std::int64_t steps(const std::string& name) {
    const auto value = scalar<std::int64_t>(name);
    if (value < 0 || value > std::int64_t{1} << 62)
      complain(text(name, " is ", value, ", expected [0, 2^62]"));
    return value;
  }
  // A copy of the tensor of that name, undefined where it is saved as none.
  Tensor tensor(const std::string& name, const StateTensor& expected, const Tensor& parameter) {
    const auto found = tensors_.extract(name);
    if (found.empty()) {
      if (scalar(name, std::string(none)) != none) complain(name + " is no tensor");
      return Tensor();
    }
    const Tensor& tensor = found.mapped();
    if (!tensor.defined()) {
      complain(name + " is undefined");
      return Tensor();
    }
    const bool fits = expected.has_shape_for(tensor, parameter);
    const DType dtype = expected.dtype_for(parameter);
    if (fits && tensor.dtype() == dtype) return tensor.clone();
    complain(text(name, " is ", tensor.shape(), " of ", tensor.dtype(), ", expected ",
                  expected.fits == nullptr ? "" : "what belongs to ", parameter.shape(), " of ",
                  dtype));
    return Tensor();
  }
  // The settings of a group with the values that are saved.
  Settings settings(std::size_t group, Settings settings) {
    for (Setting& setting : settings) {
      const auto found = scalars_.extract(group_key(group, setting.name));
      if (found.empty())
        complain("no " + group_key(group, setting.name));
      else
        setting.value = found.mapped();
    }
    return settings;
  }

  // Throws all complaints; entries whose name begins so and that nobody took are complaints too.
  void finish(const std::string& owner, const std::string& begin) {
    for (const auto& [name, value] : scalars_)
      if (name.compare(0, begin.size(), begin) == 0) complain("unexpected " + name);
    for (const auto& [name, value] : tensors_)
      if (name.compare(0, begin.size(), begin) == 0) complain("unexpected " + name);
    if (!problems_.empty()) fail(owner, "the state dict does not fit: ", problems_);
  }

 private:
  std::map<std::string, Tensor> tensors_;  // what is left
  std::map<std::string, StateDict::Scalar> scalars_;
  std::string problems_;
};

void set_scalar(StateDict& to, const std::string& name, const OptionValue& value) {
  std::visit([&](const auto& held) { to.set(name, held); }, value);
}

void save_state(StateDict& to, const std::string& parameter, const ParameterState& state,
                const StateNames& names) {
  to.set(state_key(parameter, "steps"), state.steps);
  for (std::size_t k = 0; k < names.numbers.size(); ++k)
    to.set(state_key(parameter, names.numbers[k].name), state.numbers[k]);
  for (std::size_t k = 0; k < names.tensors.size(); ++k) {
    const std::string key = state_key(parameter, names.tensors[k].name);
    if (state.tensors[k].defined())
      to.set(key, state.tensors[k]);
    else
      to.set(key, none);
  }
}

ParameterState load_state(Reader& from, const Parameter& parameter, const StateNames& names) {
  const std::string& name = parameter.name;
  ParameterState state;
  state.steps = from.steps(state_key(name, "steps"));
  for (const StateNumber& number : names.numbers)
    state.numbers.push_back(from.number(state_key(name, number.name), number.range));
  const Tensor& value = parameter.variable.value();
  for (const StateTensor& tensor : names.tensors)
    state.tensors.push_back(from.tensor(state_key(name, tensor.name), tensor, value));
  return state;
}

// Complains about numbers that contradict their tensors.
void check_together(Reader& from, const std::string& parameter, const ParameterState& state,
                    const StateNames& names) {
  for (std::size_t n = 0; n < names.numbers.size(); ++n) {
    const StateNumber& number = names.numbers[n];
    for (std::size_t k = 0; k < names.tensors.size(); ++k) {
      const bool defined = state.tensors[k].defined();
      if (names.tensors[k].name == number.of && defined != (state.numbers[n] != 0))
        from.complain(text(state_key(parameter, number.name), " is ", state.numbers[n],
                           defined ? " with " : " without ", state_key(parameter, number.of)));
    }
  }
}

void check_group(Reader& from, const Parameter& parameter, std::size_t group) {
  const auto here = static_cast<std::int64_t>(group);
  const auto there = from.scalar<std::int64_t>("parameter." + parameter.name, here);
  if (there != here)
    from.complain(text("'", parameter.name, "' was in group ", there, ", is in group ", here));
}

}  // namespace

StateDict Optimizer::state_dict() const {
  check_swapped_out("save");
  StateDict state;
  state.set("optimizer", name_);
  state.set("groups", static_cast<std::int64_t>(groups_.size()));
  for (std::size_t k = 0; k < groups_.size(); ++k) {
    const Group& group = groups_[k];
    for (const Setting& setting : group.options->settings())
      set_scalar(state, group_key(k, setting.name), setting.value);
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      const std::string& name = group.parameters[i].name;
      state.set("parameter." + name, static_cast<std::int64_t>(k));
      save_state(state, name, group.states[i], *group.names);
    }
  }
  return state;
}

void Optimizer::load_state_dict(const StateDict& from) {
  check_swapped_out("load");
  Reader reader(from);
  const auto rule = reader.scalar("optimizer", name_);
  if (rule != name_) fail(name_, "the state dict is of ", rule);
  const auto here = static_cast<std::int64_t>(groups_.size());
  const auto there = reader.scalar("groups", here);
  if (there != here) reader.complain(text(there, " groups, expected ", here));
  for (std::size_t k = 0; k < groups_.size(); ++k)
    for (const Parameter& parameter : groups_[k].parameters) check_group(reader, parameter, k);
  reader.finish(name_, "parameter.");

  std::vector<Settings> settings;
  std::vector<Group> loaded = groups_;
  for (std::size_t k = 0; k < loaded.size(); ++k) {
    settings.push_back(reader.settings(k, loaded[k].options->settings()));
    for (std::size_t i = 0; i < loaded[k].parameters.size(); ++i)
      loaded[k].states[i] = load_state(reader, loaded[k].parameters[i], *loaded[k].names);
  }
  reader.finish(name_, "");
  for (const Group& group : loaded)
    for (std::size_t i = 0; i < group.parameters.size(); ++i)
      check_together(reader, group.parameters[i].name, group.states[i], *group.names);
  reader.finish(name_, "");
  for (std::size_t k = 0; k < loaded.size(); ++k)
    loaded[k].options = loaded[k].options->changed(settings[k]);
  groups_ = std::move(loaded);
}

}  // namespace plumb::optim
