#include "optimizer.hpp"

#include <unordered_map>

#include "../core/kernels/accumulate.hpp"
#include "../core/runtime/checks.hpp"
#include "../core/runtime/floating_point.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "../core/runtime/profile.hpp"
#include "internal/step_watch.hpp"
#include "refused_gradient.hpp"

namespace plumb::optim {
namespace {

void check_parameter(const std::string& owner, const Parameter& parameter) {
  const auto& [name, variable] = parameter;
  if (name.empty()) fail(owner, "a parameter has no name");
  if (!variable.defined()) fail(owner, "parameter '", name, "' is undefined");
  if (!variable.is_leaf())
    fail(owner, "parameter '", name, "' is the result of an operation, expected a leaf");
  if (!is_floating(variable.dtype()))
    fail(owner, "parameter '", name, "' must be float32 or float64, got ", variable.dtype());
}

// For a profile: the gradient is read, the value and what is kept beside it are read and written.
void count_bytes(const Tensor& gradient, const Tensor& value, const ParameterState& state) {
  Profiled::add_bytes(gradient.bytes() + 2 * value.bytes());
  for (const Tensor& tensor : state.tensors)
    if (tensor.defined()) Profiled::add_bytes(2 * tensor.bytes());
}

}  // namespace

Optimizer::Optimizer(std::string name, const std::vector<ParameterGroup>& groups,
                     std::shared_ptr<const GroupOptions> defaults, StateNames names)
    : name_(std::move(name)),
      names_(std::make_shared<const StateNames>(std::move(names))),
      defaults_(std::move(defaults)) {
  if (groups.empty()) fail(name_, "the list of parameter groups is empty");
  for (const ParameterGroup& group : groups) add_group(group);
}

void Optimizer::add_group(const ParameterGroup& group) {
  if (defaults_ == nullptr) fail(name_, "a group needs a rule: add one with its parameters");
  check_new(group.parameters, *names_);
  ParameterState fresh;
  fresh.tensors.resize(names_->tensors.size());
  fresh.numbers.resize(names_->numbers.size());
  groups_.push_back({group.parameters, defaults_->changed(group.options),
                     std::vector<ParameterState>(group.parameters.size(), fresh), names_});
  for (const Parameter& parameter : group.parameters)
    if (parameter.variable.node_handle())
      plumb::detail::notes_of(parameter.variable).optimized = true;
}

void Optimizer::check_new(const Parameters& parameters, const StateNames& names) const {
  if (parameters.empty())
    fail(name_, "the list of parameters of group ", std::uint64_t{groups_.size()}, " is empty");
  std::unordered_map<const void*, std::string> known;
  std::unordered_map<std::string, const void*> taken;
  const auto add = [&](const Parameter& parameter) {
    const auto& [name, variable] = parameter;
    const auto [before, is_new] = known.emplace(variable.identity(), name);
    if (!is_new && before->second == name) fail(name_, "parameter '", name, "' is given twice");
    if (!is_new)
      fail(name_, "parameter '", name, "' is the same as parameter '", before->second, "'");
    if (!taken.emplace(name, variable.identity()).second)
      fail(name_, "two parameters are named '", name,
           "'; parameters(\"a\") of one model and parameters(\"b\") of the other tell them apart");
  };
  for (const Group& group : groups_)
    for (const Parameter& parameter : group.parameters) add(parameter);
  for (const Parameter& parameter : parameters) {
    check_parameter(name_, parameter);
    if (parameter.variable.rank() < names.min_rank)
      fail(name_, "parameter '", parameter.name, "' must have at least ", names.min_rank,
           " axes, got ", parameter.variable.shape());
    add(parameter);
  }
}

void Optimizer::step() {
  if (checks()) {
    if (watch_ == nullptr) watch_ = std::make_shared<StepWatch>(name_);
    watch_->before_step(groups_);
  }
  const Profiled profiled(name_.c_str(), Phase::step);
  std::vector<Update> updates = updates_by(
      [](const Parameter& parameter, const ParameterState&) { return parameter.variable.grad(); });
  if (profiling())  // before the rule, which may take the tensors
    for (const Update& update : updates) count_bytes(update.gradient, update.value, update.state);
  update(updates);
  count_step(updates);
}

double Optimizer::step_by(const Closure& closure) {
  const double loss = closure();
  step();
  return loss;
}

std::vector<Optimizer::Update> Optimizer::updates_by(GradientOf gradient_of) {
  check_swapped_out("step");
  std::size_t count = 0;
  for (const Group& group : groups_) count += group.parameters.size();
  std::vector<Update> updates;
  updates.reserve(count);
  for (Group& group : groups_) {
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      const auto& [name, variable] = group.parameters[i];
      ParameterState& state = group.states[i];
      if (!variable.requires_grad()) continue;
      Tensor gradient = gradient_of(group.parameters[i], state);
      if (!gradient.defined()) continue;
      updates.push_back(
          {variable.value(), std::move(gradient), state, state.steps + 1, *group.options});
      check_state(name, *group.names, updates.back());
    }
  }
  return updates;
}

void Optimizer::count_step(std::vector<Update>& updates) {
  for (Update& update : updates) ++update.state.steps;
}

void Optimizer::check_state(const std::string& parameter, const StateNames& names,
                            const Update& update) const {
  for (std::size_t k = 0; k < names.tensors.size(); ++k) {
    const Tensor& kept = update.state.tensors[k];
    const StateTensor& expected = names.tensors[k];
    if (kept.defined() && (!expected.has_shape_for(kept, update.value) ||
                           kept.dtype() != expected.dtype_for(update.value)))
      fail(name_, "parameter '", parameter, "' is ", update.value.shape(), " of ",
           update.value.dtype(), ", its ", expected.name, " is ", kept.shape(), " of ",
           kept.dtype());
  }
  if (check_ == GradientCheck::finite && !kernel::all_finite(update.gradient))
    throw RefusedGradient(text("[", name_, "] the gradient of '", parameter,
                               "' holds a NaN or an infinity: no step"));
}

Tensor* Optimizer::Beginnings::tensor(const Update& update, std::size_t index, double start) {
  Tensor* kept = &update.state.tensors[index];
  if (kept->defined()) return kept;
  Tensor fresh =
      Tensor::full(update.value.shape(), start, names_.tensors[index].dtype_for(update.value));
  return &all_.emplace_front(Beginning{kept, std::move(fresh)}).tensor;
}

void Optimizer::Beginnings::keep() {
  for (Beginning& each : all_) *each.place = std::move(each.tensor);
  all_.clear();
}

Tensor Optimizer::weights_to_judge(const Group&, std::size_t) const { return {}; }

void Optimizer::check_swapped_out(const char* action) const {
  if (swapped_in_) fail(name_, "swap out the weights to judge by before you ", action);
}

void Optimizer::swap_in() {
  check_swapped_out("swap them in again");
  const plumb::detail::FloatingPointMode mode;
  std::vector<Tensor> judged;
  std::vector<std::pair<Variable, Tensor>> kept;
  for (const Group& group : groups_)
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      Tensor weights = weights_to_judge(group, i);
      if (!weights.defined()) continue;
      const Variable& variable = group.parameters[i].variable;
      kept.emplace_back(variable, variable.value().clone());
      judged.push_back(std::move(weights));
    }
  for (std::size_t i = 0; i < kept.size(); ++i) Tensor(kept[i].first.value()).copy_from(judged[i]);
  kept_ = std::move(kept);
  swapped_in_ = true;
}

void Optimizer::swap_out() {
  if (!swapped_in_) fail(name_, "no weights to judge by are swapped in");
  for (const auto& [variable, value] : kept_)
    if (variable.shape() != value.shape() || variable.dtype() != value.dtype())
      fail(name_, "a parameter of ", value.shape(), " of ", value.dtype(), " has become ",
           variable.shape(), " of ", variable.dtype(), " while it was swapped in");
  for (auto& [variable, value] : kept_) Tensor(variable.value()).copy_from(value);
  kept_.clear();
  swapped_in_ = false;
}

void Optimizer::zero_grad() {
  for (Group& group : groups_)
    for (Parameter& parameter : group.parameters) parameter.variable.zero_grad();
}

const Optimizer::Group& Optimizer::at(int group) const {
  const int count = static_cast<int>(groups_.size());
  if (group < 0 || group >= count)
    fail(name_, "group ", group, " is out of range [0, ", count, ")");
  return groups_[static_cast<std::size_t>(group)];
}

void Optimizer::set(int group, const Settings& changes) {
  auto options = at(group).options->changed(changes);
  groups_[static_cast<std::size_t>(group)].options = std::move(options);
}

void Optimizer::set(int group, const std::string& name, OptionValue value) {
  set(group, {{name, std::move(value)}});
}

void Optimizer::set_lr(int group, double lr) {
  at(group).options->check_lr(lr);
  own_options(groups_[static_cast<std::size_t>(group)]).set_lr(lr);
}

void Optimizer::set_lr(double lr) {
  for (Group& group : groups_) own_options(group).check_lr(lr);
  for (Group& group : groups_) group.options->set_lr(lr);
}

GroupOptions& Optimizer::own_options(Group& group) {
  if (group.options.use_count() > 1) group.options = group.options->changed({});
  return *group.options;
}

}  // namespace plumb::optim
