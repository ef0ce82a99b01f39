#include "record.hpp"

#include <string>

#include "../core/kernels/accumulate.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "internal/pass.hpp"

namespace plumb {
namespace {

void check_finite(const detail::Node& node, std::size_t input, const Tensor& gradient) {
  if (detail::anomaly_enabled() && !kernel::all_finite(gradient))
    fail("anomaly", detail::backward_of(node), " made a gradient of input ", std::uint64_t{input},
         " that is NaN or infinite");
}

void check_first(const detail::Node& node, std::size_t input) {
  if (node.edges[input].given)
    fail(detail::backward_of(node), "the rule gave two gradients for input ", std::uint64_t{input});
}

void check_given(const detail::Node& node, std::size_t input, const Tensor& gradient) {
  check_first(node, input);
  const detail::Node& to = *node.edges[input].node.get();
  if (!gradient.defined() || gradient.shape() != to.shape || gradient.dtype() != to.dtype)
    fail(detail::backward_of(node), "the gradient of input ", std::uint64_t{input}, " must be ",
         to.shape, " of ", to.dtype, ", got ",
         gradient.defined() ? text(gradient.shape(), " of ", gradient.dtype())
                            : std::string("nothing"));
  check_finite(node, input, gradient);
}

}  // namespace

void Saved::refuse() const {
  throw detail::StaleValue(
      text("a value saved for backward was changed in place: saved at version ", version_,
           ", now at ", tensor_.version()));
}

bool Gradients::needs(std::size_t input) const {
  if (input >= node_.edge_count)
    fail(detail::backward_of(node_), "the operation has ", node_.edge_count,
         " inputs, the rule named ", std::uint64_t{input});
  return pass_.wants(node_.edges[input].node.get());
}

void Gradients::give(std::size_t input, Tensor gradient) {
  if (!needs(input)) return;
  if (recorded()) refuse_tensor();
  check_given(node_, input, gradient);
  detail::Edge& edge = node_.edges[input];
  edge.given = true;
  pass_.add(*edge.node.get(), std::move(gradient));
}

void Gradients::give(std::size_t input, const Variable& gradient) {
  if (!recorded()) return give(input, gradient.defined() ? gradient.value() : Tensor());
  if (!needs(input)) return;
  check_given(node_, input, gradient.defined() ? gradient.value() : Tensor());
  detail::Edge& edge = node_.edges[input];
  edge.given = true;
  pass_.add(*edge.node.get(), gradient);
}

Variable Gradients::input(std::size_t input, const Tensor& value) const {
  return recorded() ? Variable(value, node_.edges[input].node) : Variable(value);
}

Variable Gradients::result(const Tensor& value) const {
  if (!recorded()) return Variable(value);
  node_.count.add();
  return Variable(value, detail::NodeHandle(&node_));
}

const Shape& Gradients::shape(std::size_t input) const { return node_.edges[input].node->shape; }

void Gradients::refuse_tensor() const {
  fail(
      detail::backward_of(node_),
      "the rule gives tensors, which cannot be differentiated again: let it take a const Variable& "
      "and give variables (docs/autograd.md)");
}

std::pair<Tensor, Write> Gradients::take(std::size_t input) {
  if (recorded()) refuse_tensor();
  check_first(node_, input);
  node_.edges[input].given = true;
  return pass_.take(*node_.edges[input].node.get());
}

void Gradients::give_back(std::size_t input, Tensor gradient) {
  check_finite(node_, input, gradient);
  pass_.add(*node_.edges[input].node.get(), std::move(gradient));
}

// The composed form stands on nodes of its own for the inputs, so that the pass through it ends there
// and needs not look at the graph beneath.
void Gradients::recompute(std::vector<Variable> inputs,
                          const std::function<Variable(const std::vector<Variable>&)>& forward) {
  const auto refuse = [&](const auto&... words) { fail(detail::backward_of(node_), words...); };
  if (!recorded()) refuse("recompute is for gradients that are recorded: ask recorded() first");
  std::vector<Variable> wanted;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (needs(i) && !inputs[i].requires_grad())
      refuse("recompute needs input ", static_cast<std::int64_t>(i), " as to.input() gives it");
    if (inputs[i].defined() && inputs[i].requires_grad())
      inputs[i] = detail::end_of_recomputation(inputs[i]);
    if (needs(i)) wanted.push_back(inputs[i]);
  }
  const Variable y = forward(inputs);
  if (y.shape() != node_.shape || y.dtype() != node_.dtype)
    refuse("what is composed must give ", node_.shape, " of ", node_.dtype, ", got ", y.shape(),
           " of ", y.dtype());
  detail::Pass pass(&wanted, detail::Recording::yes, detail::Depth::recomputation);
  if (y.requires_grad()) {
    pass.add_root(y, *gradient_);
    pass.run(retain_graph);
  }
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (needs(i)) give(i, pass.recorded(inputs[i]));
}

}  // namespace plumb
