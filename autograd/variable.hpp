// Variable: a tensor that remembers how it was made.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "../core/tensor/tensor.hpp"
#include "node_handle.hpp"

namespace plumb {

class Variable;

/// Sees a gradient when it is complete; a defined result takes its place.
using GradientHook = std::function<Tensor(const Tensor& gradient)>;
/// The same for gradients that may be differentiated in turn.
using VariableHook = std::function<Variable(const Variable& gradient)>;

/// Whether backward keeps the graph for another pass.
enum class RetainGraph : std::uint8_t { no, yes };
inline constexpr RetainGraph retain_graph = RetainGraph::yes;

/// Asks grad() for gradients that have a graph of their own.
enum class CreateGraph : std::uint8_t { yes };
inline constexpr CreateGraph create_graph = CreateGraph::yes;

namespace detail {
struct VariableState {
  ReferenceCount count;
  Tensor value;
  NodeHandle node;  // null for a constant
};
}  // namespace detail

/// A handle on a value and, where a gradient can flow, on the node that made it. Copying shares.
///
/// A plain Tensor converts to a Variable without gradient: a constant. `Variable::leaf` makes one
/// whose gradient is wanted; results of operations on it carry the graph.
class Variable {
 public:
  Variable() = default;    ///< Undefined, like a default-constructed Tensor.
  Variable(Tensor value);  // NOLINT: a Tensor is accepted wherever a Variable is
  Variable(const Variable& other) noexcept : state_(other.state_) {
    if (state_ != nullptr) state_->count.add();
  }
  Variable(Variable&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Variable& operator=(Variable other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Variable() {
    if (state_ != nullptr && state_->count.drop()) destroy();
  }

  /// A variable whose gradient backward() fills: a parameter. Throws for integer tensors.
  static Variable leaf(Tensor value);

  bool defined() const { return state_ != nullptr; }
  /// Throws for an undefined variable, and so does all that asks for the value.
  const Tensor& value() const& {
    if (state_ == nullptr) refuse_undefined();
    return state_->value;
  }
  Tensor value() && { return std::as_const(*this).value(); }
  DType dtype() const { return value().dtype(); }
  const Shape& shape() const& { return value().shape(); }
  Shape shape() && { return value().shape(); }
  int rank() const { return value().rank(); }
  std::int64_t dim(int axis) const { return value().dim(axis); }
  std::int64_t numel() const { return value().numel(); }
  /// The only element. Throws unless numel() is 1.
  template <class T = double>
  T item() const {
    return value().item<T>();
  }
  /// One element as a double. Throws when out of range.
  double at(std::initializer_list<std::int64_t> index) const { return value().at(index); }
  /// All elements, row-major. Throws when T is not the element type.
  template <class T>
  std::vector<T> to_vector() const {
    return value().to_vector<T>();
  }

  /// reshape(x, shape) as a member, as Tensor has it. Shares memory.
  Variable reshape(const Shape& shape) const;
  /// Rows [begin, end) of the leading axis, 0 <= begin <= end <= dim(0). Shares memory.
  Variable rows(std::int64_t begin, std::int64_t end) const;
  /// Row i of the leading axis, without that axis: x[1] of [4, 3] is [3]. A negative i counts from
  /// the end. Shares memory.
  Variable operator[](std::int64_t i) const;

  /// Whether a gradient flows to or through this variable.
  bool requires_grad() const {
    const detail::NodeHead* node = state_ == nullptr ? nullptr : state_->node.head();
    return node != nullptr && (!node->leaf || node->enabled);
  }
  /// Whether it was made by hand and not by a recorded operation.
  bool is_leaf() const;
  /// Makes a leaf want a gradient, or not (frozen). Throws for results and for integer tensors.
  Variable& set_requires_grad(bool wanted) &;
  Variable set_requires_grad(bool wanted) && { return set_requires_grad(wanted); }

  /// The gathered gradient of a leaf, of the value's shape; undefined when there is none. Later
  /// passes do not change a tensor that is held here.
  Tensor grad() const;
  /// Replaces the gradient; an undefined one clears it. Shape and dtype must be the value's.
  void set_grad(Tensor gradient);
  /// Forgets the gradient; its memory stays for the next one.
  void zero_grad();

  /// Adds d(this)/d(leaf) to the gradient of every leaf that this depends on, then frees the graph
  /// unless told to retain it. Without a seed this must have one element.
  /// Throws where nothing requires a gradient, where the graph was freed, or where a value that a
  /// rule saved was changed in place. After a throw the gradients of the leaves are unspecified.
  void backward(RetainGraph retain = RetainGraph::no) const;
  /// With a seed: the gradient of some scalar with respect to this; of this shape and dtype.
  void backward(const Tensor& seed, RetainGraph retain = RetainGraph::no) const;

  /// The same value as a constant. Shares memory.
  Variable detach() const { return defined() ? Variable(value()) : Variable(); }

  /// Calls `hook` with the complete gradient of this variable in each backward pass, in order of
  /// registration; a defined result takes the gradient's place. Throws where none flows. A hook that
  /// changes a gradient with create_graph must be one of variables: a tensor would end the graph. A
  /// lambda names the type that it takes, `const Tensor& g` or `const Variable& g`, and returns the same.
  void register_hook(GradientHook hook);
  void register_hook(VariableHook hook);

  /// Replaces the value of a leaf, also by one of another shape or dtype, for all handles; the
  /// gradient is forgotten. Graphs recorded before keep the old value, and their gradients no longer
  /// come here: a value is set after backward(), not before.
  void set_value(Tensor value);

  /// Whether both are handles on the same variable.
  bool same_as(const Variable& other) const { return state_ == other.state_; }
  /// A number that tells variables apart while they live.
  const void* identity() const { return state_; }

  /// For operations: the node that takes this variable's gradient, null for a constant. Defined in
  /// record.hpp.
  detail::Node* node() const;
  /// The same of a defined variable, to be kept.
  const detail::NodeHandle& node_handle() const& { return state_->node; }
  const detail::NodeHandle& node_handle() const&& = delete;
  /// For operations: a result with its node.
  Variable(Tensor value, detail::NodeHandle node);

 private:
  void destroy() noexcept;
  [[noreturn]] static void refuse_undefined();
  detail::Leaf& leaf_node(const char* operation) const;

  detail::VariableState* state_ = nullptr;
};

/// A leaf with a name, as modules list and optimizers take them.
struct Parameter {
  std::string name;
  Variable variable;
};
using Parameters = std::vector<Parameter>;

/// Gradients of `outputs` with respect to `inputs`, leaves or results, without touching the
/// gradient of any leaf. `seeds` has one tensor an output, or is empty where all outputs have one
/// element. Throws where an input takes no part in the outputs.
std::vector<Tensor> grad(const std::vector<Variable>& outputs, const std::vector<Variable>& inputs,
                         const std::vector<Tensor>& seeds = {},
                         RetainGraph retain = RetainGraph::no);

/// The same as variables that can be differentiated again, also with respect to the seeds, to any
/// order. Keeps the graph. Throws under NoGrad, and for an operation whose rule has no form that can be
/// differentiated.
///
///     const Variable slope = grad({sum(u)}, {x}, {}, create_graph)[0];  // u'
///     const Variable loss = mean(square(slope - f));                    // trains through u'
std::vector<Variable> grad(const std::vector<Variable>& outputs,
                           const std::vector<Variable>& inputs, const std::vector<Variable>& seeds,
                           CreateGraph create);

}  // namespace plumb
