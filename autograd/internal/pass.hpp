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

/// Whether gradients are variables with a graph of their own.
enum class Recording : std::uint8_t { no, yes };

/// How far a pass with targets looks for them: through the whole graph, or to where the inputs of an
/// operation stand that is computed again.
enum class Depth : std::uint8_t { all, recomputation };

/// The same value on a node at which a pass of Depth::recomputation ends.
Variable end_of_recomputation(const Variable& x);

/// A backward pass from some roots. It owns the marks on the nodes that it has claimed and removes
/// them at its end, also when a rule throws.
class Pass {
 public:
  /// Only the gradients of `targets` are wanted; without targets, those of all leaves.
  explicit Pass(const std::vector<Variable>* targets, Recording recording = Recording::no,
                Depth depth = Depth::all);
  ~Pass();
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  void add_root(const Variable& root, const Tensor& seed);
  void add_root(const Variable& root, const Variable& seed);  // where gradients are recorded
  void run(RetainGraph retain);

  /// Whether target takes part in the roots: known before run.
  bool reaches(const Variable& target) const { return wants(target.node()); }
  /// For the checks, after run: tells of parameters that nobody trains.
  void note_leaves();
  /// The gradient of a target, after run.
  Tensor result(const Variable& target) { return slot(target.node()); }
  /// The same where gradients are recorded; zeros where the target takes no part.
  Variable recorded(const Variable& target) const;

  /// Whether the gradient of a node's output is of use; null is not.
  bool wants(const Node* node) const;
  /// Takes out the gradient that a node has gathered so far, to be added to, or a buffer to be
  /// overwritten. It comes back with add; until then nobody else can see it.
  std::pair<Tensor, Write> take(Node& node);
  /// Adds to the gradient of a node's output; takes the tensor over where it can.
  void add(Node& node, Tensor gradient);
  void add(Node& node, const Variable& gradient);  // where gradients are recorded

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
  bool run_rule(Node& node);
  [[gnu::cold, gnu::noinline]] bool run_recorded_rule(Node& node);
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
  Recording recording_;
  Depth depth_;
  // Where gradients are recorded: what nodes have gathered so far, and what targets are to get.
  std::unordered_map<const Node*, Variable> recorded_;
};

/// "backward of mul": names the operation in an error about its rule.
std::string backward_of(const Node& node);

}  // namespace plumb::detail
