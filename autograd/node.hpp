// The graph that backward walks: nodes with inline edges, in pooled blocks, counted intrusively.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "../core/spin_lock.hpp"
#include "../core/tensor.hpp"

namespace plumb {

class Gradients;

/// Sees a gradient when it is complete; a defined result takes its place.
using GradientHook = std::function<Tensor(const Tensor& gradient)>;

namespace detail {

struct Node;

/// Counts a handle on a node. Nodes that become unreachable are destroyed one after the other,
/// however long the chain: never by recursion.
void retain(Node* node) noexcept;
void release(Node* node) noexcept;

class NodeHandle {
 public:
  NodeHandle() = default;
  /// Takes over one count.
  explicit NodeHandle(Node* node) : node_(node) {}
  NodeHandle(const NodeHandle& other) noexcept : node_(other.node_) {
    if (node_ != nullptr) retain(node_);
  }
  NodeHandle(NodeHandle&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  NodeHandle& operator=(NodeHandle other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~NodeHandle() {
    if (node_ != nullptr) release(node_);
  }
  Node* get() const { return node_; }
  Node* operator->() const { return node_; }
  explicit operator bool() const { return node_ != nullptr; }

 private:
  Node* node_ = nullptr;
};

/// From an operation to the node that made one of its inputs; null where that needs no gradient.
struct Edge {
  NodeHandle node;
  bool given = false;  // in the pass that runs: the rule has given this gradient
};

/// What an operation leaves behind for backward; also (`leaf`) where a leaf's gradient gathers.
struct Node {
  Node(const char* name, DType dtype, const Shape& shape)
      : name(name), dtype(dtype), shape(shape) {}
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Gives the gradients of the inputs from that of the output.
  virtual void backward(const Tensor& gradient, Gradients& to) = 0;
  /// Frees what the rule holds. backward must not be called again.
  virtual void release_saved() = 0;

  ReferenceCount count;
  std::uint32_t edge_count = 0;
  Edge* edges = nullptr;  // stands behind the object in its block
  std::size_t block_bytes = 0;
  const char* name;
  DType dtype;  // of the output
  bool leaf = false;
  bool freed = false;
  std::uint32_t pending = 0;           // in a pass: consumers that have not run yet
  std::atomic<std::uint64_t> pass{0};  // the backward pass that has claimed this node, 0: none
  Node* next_claimed = nullptr;
  Node* next_ready = nullptr;  // ready, or waiting to be destroyed
  Tensor gradient;             // of the output
  Shape shape;                 // of the output
  std::unique_ptr<std::vector<GradientHook>> hooks;
};

/// Where the gradient of a leaf gathers. Several passes may add to it at once.
struct Leaf final : Node {
  Leaf(DType dtype, const Shape& shape) : Node("leaf", dtype, shape) { leaf = true; }
  void backward(const Tensor&, Gradients&) override {}
  void release_saved() override {}

  SpinLock lock;       // guards gradient and valid
  bool valid = false;  // false: `gradient` is only memory for the next one
  bool enabled = true;
};

inline void retain(Node* node) noexcept { node->count.add(); }

}  // namespace detail
}  // namespace plumb
