// One backward pass: claims the graph, runs its rules in order of dependence, gathers gradients.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/write.hpp"
#include "../record.hpp"

namespace plumb::detail {

/// What Saved throws when its tensor has changed; the pass adds the operation's name.
struct StaleValue : Error {
  using Error::Error;
};

/// A backward pass from some roots. It owns the marks on the nodes that it has claimed and removes
/// them at its end, also when a rule throws.
class Pass {
 public:
  /// Only the gradients of `targets` are wanted; without targets, those of all leaves.
  explicit Pass(const std::vector<Variable>* targets);
  ~Pass();
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  void add_root(const Variable& root, const Tensor& seed);
  void run(RetainGraph retain);

  /// Whether target takes part in the roots: known before run.
  bool reaches(const Variable& target) const { return wants(target.node()); }
  /// For the checks, after run: tells of parameters that nobody trains.
  void note_leaves();
  /// The gradient of a target, after run.
  Tensor result(const Variable& target) { return slot(target.node()); }

  /// Whether the gradient of a node's output is of use; null is not.
  bool wants(const Node* node) const;
  /// Takes out the gradient that a node has gathered so far, to be added to, or a buffer to be
  /// overwritten. It comes back with add; until then nobody else can see it.
  std::pair<Tensor, Write> take(Node& node);
  /// Adds to the gradient of a node's output; takes the tensor over where it can.
  void add(Node& node, Tensor gradient);

 private:
  bool runs_rule(const Node& node) const;
  void note_useful(Node* root);
  Tensor* gathering(Node& node);
  Tensor& slot(Node* node);
  void claim(Node* node);
  void count_bytes(const Node& node) const;
  void count_consumers();
  void push_ready(Node* node);
  Node* pop_ready();
  void run_node(Node* node, RetainGraph retain);
  void finish_leaves();

  std::uint64_t id_;
  const std::vector<Variable>* targets_;
  std::vector<std::pair<NodeHandle, Tensor>> roots_;  // keep the graph alive, whatever hooks drop
  Node* first_claimed_ = nullptr;
  Node* last_claimed_ = nullptr;
  Node* ready_ = nullptr;
  // Gradients of targets, and of leaves with hooks until they are complete, in order of appearance.
  std::vector<std::pair<NodeHandle, Tensor>> slots_;
  std::unordered_map<const Node*, std::size_t> slot_index_;
  // With targets: whether one is reached from a node.
  std::unordered_map<const Node*, bool> useful_;
};

/// "backward of mul": names the operation in an error about its rule.
std::string backward_of(const Node& node);

}  // namespace plumb::detail
