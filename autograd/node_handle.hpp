// NodeHandle: a counted handle on a node of the graph, without what nodes are made of.
#pragma once

#include <utility>

#include "../core/runtime/reference_count.hpp"

namespace plumb::detail {

struct Node;
struct Leaf;

/// What can be asked of any node.
struct NodeHead {
  ReferenceCount count;
  bool leaf = false;    // where a gradient gathers, not what an operation has left behind
  bool enabled = true;  // of a leaf: its gradient is wanted
};

/// Destroys a node and those that become unreachable with it, one after the other, however long
/// the chain: never by recursion.
void destroy(NodeHead* node) noexcept;

class NodeHandle {
 public:
  NodeHandle() = default;
  /// Takes over one count.
  explicit NodeHandle(NodeHead* head) : head_(head) {}
  NodeHandle(const NodeHandle& other) noexcept : head_(other.head_) {
    if (head_ != nullptr) head_->count.add();
  }
  NodeHandle(NodeHandle&& other) noexcept : head_(std::exchange(other.head_, nullptr)) {}
  NodeHandle& operator=(NodeHandle other) noexcept {
    std::swap(head_, other.head_);
    return *this;
  }
  ~NodeHandle() {
    if (head_ != nullptr && head_->count.drop()) destroy(head_);
  }
  NodeHead* head() const { return head_; }
  Node* get() const;  // with node.hpp, where a node is complete
  Node* operator->() const;
  explicit operator bool() const { return head_ != nullptr; }

 private:
  NodeHead* head_ = nullptr;
};

}  // namespace plumb::detail
