// record: what an operation calls to become part of the graph, and what its rule is handed.
#pragma once

#include <initializer_list>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "../core/runtime/checks.hpp"
#include "../core/runtime/pool.hpp"
#include "../core/runtime/profile.hpp"
#include "../core/tensor/write.hpp"
#include "modes.hpp"
#include "node.hpp"
#include "variable.hpp"

namespace plumb {

inline detail::Node* Variable::node() const {
  return state_ == nullptr ? nullptr : state_->node.get();
}

namespace detail {
class Pass;
}

/// A tensor that a rule captures: reading it back throws if it was changed in place since.
/// Converts to a const Tensor& where one is expected.
class Saved {
 public:
  explicit Saved(Tensor tensor)
      : tensor_(std::move(tensor)), version_(tensor_.defined() ? tensor_.version() : 0) {}
  explicit Saved(const Variable& variable) : Saved(variable.value()) {}
  const Tensor& get() const& {
    if (tensor_.defined() && tensor_.version() != version_) refuse();
    return tensor_;
  }
  Tensor get() && { return std::as_const(*this).get(); }
  operator const Tensor&() const& { return get(); }  // NOLINT: reads like the tensor
  operator const Tensor&() const&& = delete;         // NOLINT

 private:
  [[noreturn]] void refuse() const;

  Tensor tensor_;
  std::uint32_t version_;
};

/// Saves `value` for the gradient of `user`, or nothing where that needs none: the rule for one
/// operand of a product needs the other.
inline Saved saved_for(const Variable& user, const Variable& value) {
  return Saved(user.requires_grad() ? value.value() : Tensor());
}

/// Takes a rule's gradients, one for each input that needs one, in any order.
///
/// In a pass with create_graph gradients are variables, and what a rule does with them is recorded.
/// A rule of one form takes the gradient as a `const Variable&`, gives variables and rebuilds what it
/// has saved by `input` and `result`: it serves every pass. A rule for a fused kernel takes a Tensor
/// and has beside the kernel a form `composed` of recorded operations, which such a pass calls with
/// the gradient as a Variable.
class Gradients {
 public:
  /// Whether a gradient of this input is wanted; a rule may skip work where not.
  bool needs(std::size_t input) const;
  /// Calls f(Tensor& gradient, Write mode) with the buffer that holds the input's gradient, of the
  /// input's shape: what is there is to be overwritten or added to. Nothing where none is needed.
  template <class F>
  void write(std::size_t input, F&& f) {
    if (!needs(input)) return;
    std::pair<Tensor, Write> taken = take(input);
    f(taken.first, taken.second);
    give_back(input, std::move(taken.first));
  }
  /// Calls f as above, or gives composed(const Variable& g) where the gradient is recorded.
  template <class F, class Composed>
  void write(std::size_t input, F&& f, Composed&& composed) {
    if (recorded()) return give_composed(input, composed);
    write(input, std::forward<F>(f));
  }
  /// Hands over a gradient of the input's shape and dtype. Nothing where none is needed. A tensor is
  /// an error where the gradient is recorded: it would end the graph.
  void give(std::size_t input, Tensor gradient);
  void give(std::size_t input, const Variable& gradient);

  /// Whether gradients are recorded, to be differentiated in turn.
  bool recorded() const { return gradient_ != nullptr; }
  /// The recorded gradient of the result; a constant where none is recorded.
  Variable gradient(const Tensor& g) const { return recorded() ? *gradient_ : Variable(g); }
  /// An input as a variable, from its value, which the rule has saved: a constant where nothing is
  /// recorded.
  Variable input(std::size_t input, const Tensor& value) const;
  /// The result likewise.
  Variable result(const Tensor& value) const;
  /// The shape of an input that needs a gradient.
  const Shape& shape(std::size_t input) const;

  /// For fused operations, only where recorded(): gives all gradients that are needed as
  /// those of `forward`, a form of the operation that is composed of others. It is run again, on
  /// `inputs`, of which some may be undefined.
  void recompute(std::vector<Variable> inputs,
                 const std::function<Variable(const std::vector<Variable>&)>& forward);

 private:
  friend class detail::Pass;
  Gradients(detail::Pass& pass, detail::Node& node, const Variable* gradient = nullptr)
      : pass_(pass), node_(node), gradient_(gradient) {}

  template <class Composed>
  [[gnu::cold, gnu::noinline]] void give_composed(std::size_t input, const Composed& composed) {
    if (needs(input)) give(input, composed(*gradient_));
  }
  std::pair<Tensor, Write> take(std::size_t input);
  void give_back(std::size_t input, Tensor gradient);
  [[noreturn]] void refuse_tensor() const;

  detail::Pass& pass_;
  detail::Node& node_;
  const Variable* gradient_;  // of the result; null where none is recorded
};

namespace detail {

/// Constructs a node of type N with room for edges in one pooled block.
template <class N, class... Arguments>
N* make_node(std::size_t edge_count, Arguments&&... arguments) {
  constexpr std::size_t head = (sizeof(N) + alignof(Edge) - 1) / alignof(Edge) * alignof(Edge);
  const std::size_t bytes = head + edge_count * sizeof(Edge);
  auto* block = static_cast<std::byte*>(memory_pool::allocate(bytes));
  N* node;
  try {
    node = new (block) N(std::forward<Arguments>(arguments)...);
  } catch (...) {
    memory_pool::deallocate(block, bytes);
    throw;
  }
  node->block_bytes = bytes;
  node->edge_count = static_cast<std::uint32_t>(edge_count);
  node->edges = reinterpret_cast<Edge*>(block + head);
  for (std::size_t i = 0; i < edge_count; ++i) new (node->edges + i) Edge;
  return node;
}

template <class Rule>
struct RuleNode final : Node {
  template <class R>
  RuleNode(const char* operation, const Tensor& value, R&& r)
      : Node(operation, value.dtype(), value.shape()), rule(std::forward<R>(r)) {}
  ~RuleNode() override {
    if (!freed) rule.~Rule();
  }
  void backward(const Tensor& g, Gradients& to) override {
    if constexpr (std::is_invocable_v<Rule&, const Variable&, Gradients&>) {
      rule(to.gradient(g), to);
    } else {
      rule(g, to);
    }
  }
  void release_saved() override {
    freed = true;
    rule.~Rule();
  }
  union {
    Rule rule;  // destroyed early, with the tensors that it captured
  };
};

/// An input in a braced list, without a copy of the handle.
struct VariableRef {
  VariableRef(const Variable& variable) : pointer(&variable) {}  // NOLINT
  operator const Variable&() const { return *pointer; }          // NOLINT
  const Variable* pointer;
};

template <class List, class Rule>
Variable record_unprofiled(const char* operation, Tensor&& value, const List& inputs, Rule&& rule) {
  bool needed = false;
  for (const Variable& input : inputs) needed = needed || input.requires_grad();
  if (!needed || !grad_enabled() || !is_floating(value.dtype())) return Variable(std::move(value));
  using Stored = std::decay_t<Rule>;
  auto* node =
      make_node<RuleNode<Stored>>(inputs.size(), operation, value, std::forward<Rule>(rule));
  NodeHandle handle(node);
  Edge* edge = node->edges;
  for (const Variable& input : inputs) {
    if (input.requires_grad()) edge->node = input.node_handle();
    ++edge;
  }
  return Variable(std::move(value), std::move(handle));
}

/// For the checks: an input of an operation that has run, and the result.
void check_constant(const char* operation, const Variable& input, const Variable& result);

template <class List>
[[gnu::cold, gnu::noinline]] void observe(const char* operation, const List& inputs,
                                          const Variable& result) {
  if (profiling()) {
    Profiled::add_bytes(result.value().bytes());
    for (const Variable& input : inputs)
      if (input.defined()) Profiled::add_bytes(input.value().bytes());
  }
  if (checks())
    for (const Variable& input : inputs) check_constant(operation, input, result);
}

template <class List, class Rule>
Variable record_list(const char* operation, Tensor&& value, const List& inputs, Rule&& rule) {
  Variable result =
      record_unprofiled(operation, std::move(value), inputs, std::forward<Rule>(rule));
  // Last, so that the compiler need not keep anything in memory for it.
  if (observed()) observe(operation, inputs, result);
  return result;
}

}  // namespace detail

/// Makes `value`, computed from the inputs, part of the graph. `rule` is called in backward as
/// rule(const Tensor& g, Gradients& to), or with a const Variable& g, where g is the gradient of the
/// value. It must give a gradient for each input that needs one, and captures what it needs: tensors
/// through Saved, never the result variable. `operation` is a literal and appears in errors. Where no
/// input needs a gradient, or under NoGrad, nothing is kept.
template <class Rule>
Variable record(const char* operation, Tensor value,
                std::initializer_list<detail::VariableRef> inputs, Rule&& rule) {
  return detail::record_list(operation, std::move(value), inputs, std::forward<Rule>(rule));
}
/// The same for a list of inputs known at run time.
template <class Rule>
Variable record(const char* operation, Tensor value, const std::vector<Variable>& inputs,
                Rule&& rule) {
  return detail::record_list(operation, std::move(value), inputs, std::forward<Rule>(rule));
}

}  // namespace plumb
