#include "module.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <set>
#include <typeinfo>

#include "../autograd/internal/mistakes.hpp"
#include "../autograd/record.hpp"
#include "../core/runtime/internal/fail.hpp"

namespace plumb::nn {
namespace {

std::string joined(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

// Tells the first meeting with an object from later ones.
class Seen {
 public:
  bool first(const void* object) { return seen_.insert(object).second; }

 private:
  std::set<const void*> seen_;
};

void append_list(std::string& out, const char* title, const std::vector<std::string>& names) {
  if (names.empty()) return;
  out += title;
  for (std::size_t i = 0; i < names.size(); ++i) out += (i == 0 ? "" : ", ") + names[i];
}

// Why an entry of a state dict cannot be copied to `to`: a line for each reason.
std::string misfit(const std::string& name, const Tensor& from, const Tensor& to, Convert convert) {
  if (!from.defined()) return text("\n  ", name, " is undefined");
  std::string out;
  if (from.shape() != to.shape())
    out += text("\n  shape of ", name, ": expected ", to.shape(), ", got ", from.shape());
  const bool convertible = is_floating(from.dtype()) && is_floating(to.dtype());
  if (from.dtype() != to.dtype() && !(convertible && convert == Convert::yes))
    out += text("\n  dtype of ", name, ": expected ", to.dtype(), ", got ", from.dtype(),
                convertible ? " (Convert::yes would convert it)" : "");
  return out;
}

bool share_memory(const Tensor& a, const Tensor& b) {
  return a.raw() < b.raw() + b.bytes() && b.raw() < a.raw() + a.bytes();
}

// `from` in the dtype of `to`, and a clone where copying to a destination would change it.
Tensor settled(const Tensor& from, const Tensor& to, const std::vector<Tensor>& destinations) {
  if (from.dtype() != to.dtype()) return from.to(to.dtype());
  for (const Tensor& destination : destinations)
    if (share_memory(from, destination)) return from.clone();
  return from;
}

// Where the last component of a qualified name begins. "::" within <> and () does not count:
// template arguments, and the signature of a function that the class is local to.
std::size_t last_component(const std::string& name) {
  int depth = 0;
  for (std::size_t i = name.size(); i-- > 0;) {
    if (name[i] == '>' || name[i] == ')') ++depth;
    if (name[i] == '<' || name[i] == '(') --depth;
    if (depth == 0 && name[i] == ':') return i + 1;
  }
  return 0;
}

}  // namespace

template <class M, class Visit>
void Module::walk(M& module, const std::string& path, const Visit& visit) {
  visit(path, module);
  for (const Child& child : module.children_)
    walk<M>(*child.module, joined(path, child.name), visit);
}

template <class Visit>
void Module::walk_state(const Visit& visit) const {
  walk(*this, "", [&](const std::string& path, const Module& module) {
    for (const Parameter& p : module.parameters_) visit(joined(path, p.name), p.variable);
    for (const Buffer& b : module.buffers_) visit(joined(path, b.name), b.variable);
  });
}

Module::~Module() { change_parent(this, nullptr); }

Module::Module(Module&& other) noexcept
    : parameters_(std::move(other.parameters_)),
      buffers_(std::move(other.buffers_)),
      generators_(std::move(other.generators_)),
      children_(std::move(other.children_)),
      listed_(other.listed_.load(std::memory_order_relaxed)),
      training_(other.training_) {
  change_parent(&other, this);
}

Module& Module::operator=(Module&& other) noexcept {
  if (this == &other) return *this;
  change_parent(this, nullptr);
  parameters_ = std::move(other.parameters_);
  buffers_ = std::move(other.buffers_);
  generators_ = std::move(other.generators_);
  children_ = std::move(other.children_);
  listed_.store(other.listed_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  training_ = other.training_;
  change_parent(&other, this);
  return *this;
}

void Module::change_parent(const Module* from, Module* to) noexcept {
  for (const Child& child : children_)
    if (child.module->parent_ == from) child.module->parent_ = to;
}

const Module& Module::root() const {
  const Module* module = this;
  while (module->parent_ != nullptr) module = module->parent_;
  return *module;
}

std::string Module::path() const {
  if (parent_ == nullptr) return "";
  for (const Child& child : parent_->children_)
    if (child.module.get() == this) return joined(parent_->path(), child.name);
  return "";
}

Parameters Module::parameters(const std::string& prefix) const {
  listed_.store(true, std::memory_order_relaxed);
  return list_parameters(prefix);
}

bool Module::forgotten() const {
  if (listed_.load(std::memory_order_relaxed)) return false;
  return parameter_count(Count::trainable) > 0 || !generators().empty();
}

Parameters Module::list_parameters(const std::string& prefix) const {
  Parameters all;
  Seen seen;
  walk(*this, prefix, [&](const std::string& path, const Module& module) {
    for (const Parameter& p : module.parameters_)
      if (seen.first(p.variable.identity())) all.push_back({joined(path, p.name), p.variable});
  });
  return all;
}

std::vector<Buffer> Module::buffers() const {
  std::vector<Buffer> all;
  Seen seen;
  walk(*this, "", [&](const std::string& path, const Module& module) {
    for (const Buffer& b : module.buffers_)
      if (seen.first(b.variable.identity())) all.push_back({joined(path, b.name), b.variable});
  });
  return all;
}

std::vector<NamedGenerator> Module::generators() const& {
  std::vector<NamedGenerator> all;
  Seen seen;
  walk(*this, "", [&](const std::string& path, const Module& module) {
    for (const Stream& s : module.generators_)
      if (seen.first(s.generator.get())) all.push_back({joined(path, s.name), s.generator.get()});
  });
  return all;
}

std::vector<NamedModule> Module::children() const& {
  std::vector<NamedModule> all;
  for (const Child& child : children_) all.push_back({child.name, child.module.get()});
  return all;
}

std::vector<NamedModule> Module::modules() & {
  std::vector<NamedModule> all;
  Seen seen;
  walk(*this, "", [&](const std::string& path, Module& module) {
    if (seen.first(&module)) all.push_back({path, &module});
  });
  return all;
}

void Module::train() { set_training(true); }

void Module::eval() { set_training(false); }

void Module::set_training(bool training) {
  training_ = training;
  for (const Child& child : children_) child.module->set_training(training);
}

void Module::to(DType dtype) {
  if (!is_floating(dtype)) fail("Module::to", "expected float32 or float64, got ", dtype);
  std::vector<std::pair<Variable, Tensor>> converted;
  const auto convert = [&](const Variable& variable) {
    if (is_floating(variable.dtype()) && variable.dtype() != dtype)
      converted.emplace_back(variable, variable.value().to(dtype));
  };
  for (const Parameter& p : list_parameters("")) convert(p.variable);
  for (const Buffer& b : buffers()) convert(b.variable);
  for (auto& [variable, value] : converted) variable.set_value(std::move(value));
}

void Module::zero_grad() {
  for (Parameter& p : parameters_) p.variable.zero_grad();
  for (const Child& child : children_) child.module->zero_grad();
}

std::int64_t Module::parameter_count(Count which) const {
  std::int64_t count = 0;
  for (const Parameter& p : list_parameters(""))
    if (which == Count::all || p.variable.requires_grad()) count += p.variable.numel();
  return count;
}

StateDict Module::state_dict() const {
  StateDict state;
  walk_state([&](const std::string& name, const Variable& variable) {
    state.set(name, variable.value());
  });
  return state;
}

LoadReport Module::load_state_dict(const StateDict& state, Match match, Convert convert) {
  LoadReport report;
  std::string misfits;
  std::set<std::string> expected;
  std::vector<Tensor> destinations, sources;
  walk_state([&](const std::string& name, const Variable& variable) {
    expected.insert(name);
    if (!state.has_tensor(name)) {
      report.missing.push_back(name);
      return;
    }
    destinations.push_back(variable.value());
    sources.push_back(state.tensor(name));
    misfits += misfit(name, sources.back(), destinations.back(), convert);
  });
  for (const auto& [name, tensor] : state.tensors())
    if (expected.count(name) == 0) report.unexpected.push_back(name);
  for (const auto& [name, scalar] : state.scalars()) report.unexpected.push_back(name);

  std::string errors;
  if (match == Match::strict) {
    append_list(errors, "\n  missing: ", report.missing);
    append_list(errors, "\n  unexpected: ", report.unexpected);
  }
  errors += misfits;
  if (!errors.empty()) fail("load_state_dict", "the state does not fit ", type_name(), ":", errors);
  for (std::size_t i = 0; i < sources.size(); ++i)  // may run out of memory: first
    sources[i] = settled(sources[i], destinations[i], destinations);
  for (std::size_t i = 0; i < sources.size(); ++i) destinations[i].copy_from(sources[i]);
  return report;
}

std::string Module::type_name() const {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> demangled(
      abi::__cxa_demangle(typeid(*this).name(), nullptr, nullptr, &status), std::free);
  const std::string name = status == 0 ? demangled.get() : typeid(*this).name();
  return name.substr(last_component(name));
}

void Module::check_name(const char* operation, const std::string& name) const {
  if (name.empty()) fail(operation, "the name is empty");
  if (name.find('.') != std::string::npos)
    fail(operation, "the name '", name, "' contains a dot, which separates the levels of a tree");
  const auto taken = [&](const auto& entries) {
    for (const auto& entry : entries)
      if (entry.name == name) fail(operation, "the name '", name, "' is taken");
  };
  taken(parameters_);
  taken(buffers_);
  taken(generators_);
  taken(children_);
}

Variable Module::add_parameter(const std::string& name, Tensor value) {
  check_name("add_parameter", name);
  if (!value.defined()) fail("add_parameter", "'", name, "' is undefined");
  if (!is_floating(value.dtype()))
    fail("add_parameter", "'", name, "' must be float32 or float64, got ", value.dtype());
  parameters_.push_back({name, Variable::leaf(std::move(value))});
  plumb::detail::notes_of(parameters_.back().variable).of_module = true;
  return parameters_.back().variable;
}

Variable Module::add_parameter(const std::string& name, Variable shared) {
  check_name("add_parameter", name);
  if (!shared.defined()) fail("add_parameter", "'", name, "' is undefined");
  if (shared.node() == nullptr || !shared.is_leaf())
    fail("add_parameter", "'", name, "' must be a leaf, got ",
         shared.is_leaf() ? "a constant" : text("the result of ", shared.node()->name));
  parameters_.push_back({name, std::move(shared)});
  plumb::detail::notes_of(parameters_.back().variable).of_module = true;
  return parameters_.back().variable;
}

Variable Module::add_buffer(const std::string& name, Tensor value) {
  check_name("add_buffer", name);
  if (!value.defined()) fail("add_buffer", "'", name, "' is undefined");
  buffers_.push_back({name, Variable(std::move(value))});
  return buffers_.back().variable;
}

Generator& Module::add_generator(const std::string& name, Generator generator) {
  check_name("add_generator", name);
  generators_.push_back({name, std::make_unique<Generator>(generator)});
  return *generators_.back().generator;
}

void Module::add_child(const std::string& name, std::shared_ptr<Module> module) {
  check_name("add", name);
  if (module == nullptr) fail("add", "the module '", name, "' is null");
  if (module->contains(this)) fail("add", "'", name, "' would make a module contain itself");
  children_.push_back({name, std::move(module)});
  if (children_.back().module->parent_ == nullptr) children_.back().module->parent_ = this;
}

bool Module::contains(const Module* module) const {
  if (module == this) return true;
  for (const Child& child : children_)
    if (child.module->contains(module)) return true;
  return false;
}

EvalMode::EvalMode(Module& module) {
  for (const NamedModule& m : module.modules())
    before_.emplace_back(m.module, m.module->training());
  module.eval();
}

EvalMode::~EvalMode() {
  for (const auto& [module, training] : before_) module->training_ = training;
}

}  // namespace plumb::nn
