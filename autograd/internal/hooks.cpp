#include "hooks.hpp"

#include <vector>

#include "../../core/runtime/floating_point.hpp"
#include "../../core/runtime/internal/fail.hpp"

namespace plumb::detail {
namespace {

void check_hooked(const Node& node, const Tensor& changed) {
  if (changed.shape() != node.shape || changed.dtype() != node.dtype)
    fail("backward", "a hook of ", node.name, " must return ", node.shape, " of ", node.dtype,
         ", got ", changed.shape(), " of ", changed.dtype());
}

}  // namespace

void apply_hooks(const Node& node, Tensor& gradient) {
  const FloatingPointMode mode(Subnormals::kept);
  const std::vector<Hook> hooks = *node.hooks;  // one may register another
  for (const Hook& hook : hooks) {
    Tensor changed;
    if (hook.of_tensor) {
      changed = hook.of_tensor(gradient);
    } else if (const Variable result = hook.of_variable(gradient); result.defined()) {
      changed = result.value();
    }
    if (!changed.defined()) continue;
    check_hooked(node, changed);
    gradient = std::move(changed);
  }
}

void apply_hooks(const Node& node, Variable& gradient) {
  const FloatingPointMode mode(Subnormals::kept);
  const std::vector<Hook> hooks = *node.hooks;
  for (const Hook& hook : hooks) {
    if (hook.of_tensor) {
      const Tensor changed = hook.of_tensor(gradient.value());
      if (changed.defined() && !changed.same_as(gradient.value()))
        fail("grad", "a hook of ", node.name,
             " returns a tensor, which ends the graph: register one that takes and returns "
             "variables");
    } else if (Variable changed = hook.of_variable(gradient); changed.defined()) {
      check_hooked(node, changed.value());
      gradient = std::move(changed);
    }
  }
}

}  // namespace plumb::detail
