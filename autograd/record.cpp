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
  check_first(node_, input);
  detail::Edge& edge = node_.edges[input];
  const detail::Node& to = *edge.node.get();
  if (!gradient.defined() || gradient.shape() != to.shape || gradient.dtype() != to.dtype)
    fail(detail::backward_of(node_), "the gradient of input ", std::uint64_t{input}, " must be ",
         to.shape, " of ", to.dtype, ", got ",
         gradient.defined() ? text(gradient.shape(), " of ", gradient.dtype())
                            : std::string("nothing"));
  check_finite(node_, input, gradient);
  edge.given = true;
  pass_.add(*edge.node.get(), std::move(gradient));
}

std::pair<Tensor, Write> Gradients::take(std::size_t input) {
  check_first(node_, input);
  node_.edges[input].given = true;
  return pass_.take(*node_.edges[input].node.get());
}

void Gradients::give_back(std::size_t input, Tensor gradient) {
  check_finite(node_, input, gradient);
  pass_.add(*node_.edges[input].node.get(), std::move(gradient));
}

}  // namespace plumb
