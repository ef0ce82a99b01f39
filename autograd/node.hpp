// What the graph that backward walks is made of: nodes with inline edges, in pooled blocks.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "../core/runtime/spin_lock.hpp"
#include "../core/tensor/tensor.hpp"
#include "node_handle.hpp"
#include "variable.hpp"

namespace plumb {

class Gradients;

namespace detail {

/// One of both.
struct Hook {
  GradientHook of_tensor;
  VariableHook of_variable;
};

/// From an operation to the node that made one of its inputs; null where that needs no gradient.
struct Edge {
  NodeHandle node;
  bool given = false;  // in the pass that runs: the rule has given this gradient
};

/// What an operation leaves behind for backward, or where a leaf's gradient gathers.
struct Node : NodeHead {
  Node(const char* operation, DType type, const Shape& size)
      : name(operation), dtype(type), shape(size) {}
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Gives the gradients of the inputs from that of the output.
  virtual void backward(const Tensor& gradient, Gradients& to) = 0;
  /// Frees what the rule holds. backward must not be called again.
  virtual void release_saved() = 0;

  std::uint32_t edge_count = 0;
  Edge* edges = nullptr;  // stands behind the object in its block
  std::size_t block_bytes = 0;
  const char* name;
  DType dtype;  // of the output
  bool freed = false;
  std::uint32_t pending = 0;           // in a pass: consumers that have not run yet
  std::atomic<std::uint64_t> pass{0};  // the backward pass that has claimed this node, 0: none
  Node* next_claimed = nullptr;
  Node* next_ready = nullptr;  // ready, or waiting to be destroyed
  Tensor gradient;             // of the output
  Shape shape;                 // of the output
  std::unique_ptr<std::vector<Hook>> hooks;
};

/// What the checks (core/runtime/checks.hpp) want to know of a leaf.
struct LeafNotes {
  bool of_module = false;     // a module's parameter
  bool optimized = false;     // an optimizer has taken it
  std::uint32_t cleared = 0;  // how often its gradient was forgotten or set by hand
  // With checks on: steps of optimizers, of any, between which a pass has reached it; and the number of
  // the last of them.
  std::uint32_t steps = 0, last_step = 0;
};

/// Where the gradient of a leaf gathers. Several passes may add to it at once.
struct Leaf final : Node {
  Leaf(DType type, const Shape& size) : Node("leaf", type, size) { leaf = true; }
  void backward(const Tensor&, Gradients&) override {}
  void release_saved() override {}

  SpinLock lock;       // guards gradient and valid
  bool valid = false;  // false: `gradient` is only memory for the next one
  LeafNotes notes;
};

inline Node* NodeHandle::get() const { return static_cast<Node*>(head_); }
inline Node* NodeHandle::operator->() const { return get(); }

}  // namespace detail
}  // namespace plumb
