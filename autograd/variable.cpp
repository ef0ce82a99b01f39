#include "variable.hpp"

#include <mutex>
#include <new>

#include "../core/runtime/checks.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "../core/runtime/pool.hpp"
#include "internal/mistakes.hpp"
#include "record.hpp"

namespace plumb {
namespace {

detail::VariableState* make_state(Tensor&& value, detail::NodeHandle&& node) {
  auto* state = new (memory_pool::allocate(sizeof(detail::VariableState))) detail::VariableState;
  state->value = std::move(value);
  state->node = std::move(node);
  return state;
}

void add_hook(const Variable& variable, detail::Hook hook) {
  if (!variable.requires_grad()) fail("register_hook", "no gradient flows to the variable");
  auto& hooks = variable.node()->hooks;
  if (!hooks) hooks = std::make_unique<std::vector<detail::Hook>>();
  hooks->push_back(std::move(hook));
}

}  // namespace

Variable::Variable(Tensor value) : Variable(std::move(value), detail::NodeHandle()) {}

Variable::Variable(Tensor value, detail::NodeHandle node) {
  if (value.defined()) state_ = make_state(std::move(value), std::move(node));
}

void Variable::destroy() noexcept {
  state_->~VariableState();
  memory_pool::deallocate(state_, sizeof(detail::VariableState));
}

void Variable::refuse_undefined() { fail("Variable", "the variable is undefined"); }

Variable Variable::leaf(Tensor value) {
  Variable variable(std::move(value));
  variable.set_requires_grad(true);
  return variable;
}

bool Variable::is_leaf() const { return node() == nullptr || node()->leaf; }

Variable& Variable::set_requires_grad(bool wanted) & {
  if (!defined()) fail("set_requires_grad", "the variable is undefined");
  if (!is_leaf()) fail("set_requires_grad", "expected a leaf, got the result of ", node()->name);
  if (wanted && !is_floating(dtype()))
    fail("set_requires_grad", "only float32 and float64 can require a gradient, got ", dtype());
  if (node() == nullptr) {
    if (!wanted) return *this;
    state_->node = detail::NodeHandle(detail::make_node<detail::Leaf>(0, dtype(), shape()));
  }
  node()->enabled = wanted;
  return *this;
}

detail::Leaf& Variable::leaf_node(const char* operation) const {
  if (!defined() || node() == nullptr) fail(operation, "the variable does not require a gradient");
  if (!node()->leaf) fail(operation, "expected a leaf, got the result of ", node()->name);
  return *static_cast<detail::Leaf*>(node());
}

Tensor Variable::grad() const {
  if (node() == nullptr || !node()->leaf) return Tensor();
  auto& leaf = *static_cast<detail::Leaf*>(node());
  const std::lock_guard lock(leaf.lock);
  return leaf.valid ? leaf.gradient : Tensor();
}

void Variable::set_grad(Tensor gradient) {
  detail::Leaf& leaf = leaf_node("set_grad");
  if (gradient.defined() && (gradient.shape() != shape() || gradient.dtype() != dtype()))
    fail("set_grad", "expected ", shape(), " of ", dtype(), ", got ", gradient.shape(), " of ",
         gradient.dtype());
  const std::lock_guard lock(leaf.lock);
  leaf.valid = gradient.defined();
  ++leaf.notes.cleared;
  std::swap(leaf.gradient, gradient);
  if (checks()) detail::count_gradients();
}

void Variable::zero_grad() {
  if (node() == nullptr || !node()->leaf) return;
  auto& leaf = *static_cast<detail::Leaf*>(node());
  const std::lock_guard lock(leaf.lock);
  leaf.valid = false;
  ++leaf.notes.cleared;
}

void Variable::register_hook(GradientHook hook) { add_hook(*this, {std::move(hook), {}}); }

void Variable::register_hook(VariableHook hook) { add_hook(*this, {{}, std::move(hook)}); }

void Variable::set_value(Tensor value) {
  if (!defined()) fail("set_value", "the variable is undefined");
  if (!value.defined()) fail("set_value", "the new value is undefined");
  if (!is_leaf()) fail("set_value", "expected a leaf, got the result of ", node()->name);
  if (node() != nullptr) {
    if (!is_floating(value.dtype()))
      fail("set_value", "only float32 and float64 can require a gradient, got ", value.dtype());
    // A new node: a graph that was recorded with the old value keeps the old one.
    auto* leaf = detail::make_node<detail::Leaf>(0, value.dtype(), value.shape());
    auto fresh = detail::NodeHandle(leaf);
    fresh->enabled = requires_grad();
    fresh->hooks = std::move(node()->hooks);
    leaf->notes = static_cast<detail::Leaf*>(node())->notes;
    ++leaf->notes.cleared;
    state_->node = std::move(fresh);
  }
  state_->value = std::move(value);
}

}  // namespace plumb
