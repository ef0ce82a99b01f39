#include "pass.hpp"

#include <mutex>

#include "../../core/kernels/accumulate.hpp"
#include "../../core/runtime/profile.hpp"
#include "../modes.hpp"
#include "../ops/arithmetic.hpp"
#include "../record.hpp"
#include "hooks.hpp"
#include "mistakes.hpp"

namespace plumb::detail {
namespace {

std::atomic<std::uint64_t> pass_counter{0};

Leaf& as_leaf(Node& node) { return static_cast<Leaf&>(node); }

void sum_into(Tensor& sum, Tensor term) {
  if (!sum.unique()) {
    if (term.unique()) {
      std::swap(sum, term);  // addition commutes, bit for bit
    } else {
      sum = sum.clone();
    }
  }
  kernel::accumulate(sum, term);
}

// In anomaly mode: a sum of finite gradients may be infinite.
void check_gathered(const Node& node, const Tensor& gradient) {
  if (anomaly_enabled() && !kernel::all_finite(gradient))
    fail("anomaly", "the gradient that reaches ", node.leaf ? "a " : "the result of ", node.name,
         " is NaN or infinite");
}

// Several passes may be here at once. Each takes out what it finds, adds to it without the lock,
// and tries again to put it in.
void add_to_leaf(Leaf& leaf, Tensor gradient) {
  for (;;) {
    Tensor before;
    {
      const std::lock_guard lock(leaf.lock);
      if (leaf.valid) {
        before = std::exchange(leaf.gradient, Tensor());
        leaf.valid = false;
      } else if (gradient.unique()) {
        std::swap(leaf.gradient, gradient);
        leaf.valid = true;
        break;
      }
    }
    if (before.defined()) {
      try {
        sum_into(before, std::move(gradient));
      } catch (...) {  // no memory for a copy: what was there stays
        const std::lock_guard lock(leaf.lock);
        if (!leaf.valid) std::swap(leaf.gradient, before);
        leaf.valid = true;
        throw;
      }
      gradient = std::move(before);
    } else {
      // Whoever changes a leaf's gradient in place (clipping) must not change another's.
      gradient = gradient.clone();
    }
  }
  if (!anomaly_enabled()) return;
  Tensor gathered;
  {
    const std::lock_guard lock(leaf.lock);
    if (leaf.valid) gathered = leaf.gradient;
  }
  if (gathered.defined()) check_gathered(leaf, gathered);
}

constexpr const char* recomputed_input = "input of a recomputation";

}  // namespace

std::string backward_of(const Node& node) { return text("backward of ", node.name); }

Variable end_of_recomputation(const Variable& x) {
  return record(recomputed_input, x.value(), {x},
                [](const Variable& g, Gradients& to) { to.give(0, g); });
}

Pass::Pass(const std::vector<Variable>* targets, Recording recording, Depth depth)
    : id_(++pass_counter), targets_(targets), recording_(recording), depth_(depth) {
  if (targets == nullptr) return;
  for (const Variable& target : *targets) slot(target.node());
}

Pass::~Pass() {
  for (Node* node = first_claimed_; node != nullptr;) {
    Node* next = node->next_claimed;
    node->next_claimed = nullptr;
    node->gradient = Tensor();
    for (std::uint32_t i = 0; i < node->edge_count; ++i) node->edges[i].given = false;
    node->pass.store(0, std::memory_order_release);
    node = next;
  }
}

void Pass::add_root(const Variable& root, const Tensor& seed) {
  roots_.emplace_back(root.node_handle(), seed);
  if (targets_ != nullptr) note_useful(root.node());
}

void Pass::add_root(const Variable& root, const Variable& seed) {
  add_root(root, Tensor());
  add(*root.node(), seed);
}

Variable Pass::recorded(const Variable& target) const {
  const auto found = recorded_.find(target.node());
  return found != recorded_.end() ? found->second : Tensor::zeros(target.shape(), target.dtype());
}

void Pass::run(RetainGraph retain) {
  const FloatingPointMode mode;  // leaves sum outside of operations
  for (const auto& [node, seed] : roots_) {
    if (node->leaf || !wants(node.get())) continue;
    claim(node.get());
    ++node->pending;  // the seed counts as a consumer
  }
  count_consumers();
  for (const auto& [node, seed] : roots_) {
    if (!wants(node.get())) continue;
    if (recording_ == Recording::no) add(*node.get(), seed);
    if (!node->leaf && --node->pending == 0) push_ready(node.get());
  }
  while (Node* node = pop_ready()) run_node(node, retain);
  finish_leaves();
}

bool Pass::wants(const Node* node) const {
  if (node == nullptr) return false;
  if (targets_ == nullptr) return !node->leaf || node->enabled;
  const auto found = useful_.find(node);
  return found != useful_.end() && found->second;
}

// A target beneath which nothing is wanted needs no rule to run.
bool Pass::runs_rule(const Node& node) const {
  bool wanted = targets_ == nullptr;
  for (std::uint32_t i = 0; i < node.edge_count && !wanted; ++i)
    wanted = wants(node.edges[i].node.get());
  return wanted;
}

// Walks depth first, without recursion, and notes for every node whether it leads to a target.
void Pass::note_useful(Node* root) {
  struct Visit {
    Node* node;
    std::uint32_t next_edge;
  };
  std::vector<Visit> path;
  const auto enter = [&](Node* node) {
    const bool fresh = useful_.emplace(node, slot_index_.count(node) > 0).second;
    const bool beyond = depth_ == Depth::recomputation && node->name == recomputed_input;
    if (fresh && !beyond) path.push_back({node, 0});
  };
  enter(root);
  while (!path.empty()) {
    Visit& visit = path.back();
    if (visit.next_edge < visit.node->edge_count) {
      if (Node* input = visit.node->edges[visit.next_edge++].node.get()) enter(input);
      continue;
    }
    bool& useful = useful_[visit.node];
    for (std::uint32_t i = 0; i < visit.node->edge_count && !useful; ++i)
      useful = wants(visit.node->edges[i].node.get());
    path.pop_back();
  }
}

// Where the contributions to a node's gradient gather; null for the gradient of the leaf itself.
Tensor* Pass::gathering(Node& node) {
  if (!node.leaf) return &node.gradient;
  if (targets_ == nullptr && !node.hooks) return nullptr;
  return &slot(&node);
}

Tensor& Pass::slot(Node* node) {
  const auto [entry, added] = slot_index_.emplace(node, slots_.size());
  if (added) {
    node->count.add();
    slots_.emplace_back(NodeHandle(node), Tensor());
  }
  return slots_[entry->second].second;
}

std::pair<Tensor, Write> Pass::take(Node& node) {
  Tensor taken;
  bool holds_value;
  if (Tensor* gathered = gathering(node)) {
    taken = std::exchange(*gathered, Tensor());
    holds_value = taken.defined();
  } else {
    Leaf& leaf = as_leaf(node);
    const std::lock_guard lock(leaf.lock);
    taken = std::exchange(leaf.gradient, Tensor());
    holds_value = std::exchange(leaf.valid, false);
  }
  if (taken.defined() && taken.unique())
    return {std::move(taken), holds_value ? Write::accumulate : Write::overwrite};
  if (holds_value) return {taken.clone(), Write::accumulate};
  return {Tensor::empty(node.shape, node.dtype), Write::overwrite};
}

void Pass::add(Node& node, Tensor gradient) {
  Tensor* gathered = gathering(node);
  if (gathered == nullptr) return add_to_leaf(as_leaf(node), std::move(gradient));
  if (gathered->defined()) return sum_into(*gathered, std::move(gradient));
  *gathered = std::move(gradient);
}

void Pass::add(Node& node, const Variable& gradient) {
  Variable& gathered = recorded_[&node];
  gathered = gathered.defined() ? plumb::add(gathered, gradient) : gradient;
}

// Marks a node as part of this pass and puts it at the end of the list of all claimed ones.
void Pass::claim(Node* node) {
  std::uint64_t holder = 0;
  if (!node->pass.compare_exchange_strong(holder, id_, std::memory_order_acq_rel)) {
    if (holder == id_) return;
    fail("backward", "another pass is running through the same graph, at ", node->name);
  }
  node->next_claimed = nullptr;
  node->pending = 0;
  (first_claimed_ == nullptr ? first_claimed_ : last_claimed_->next_claimed) = node;
  last_claimed_ = node;
  if (node->freed && runs_rule(*node))
    fail("backward", "the graph was freed at ", node->name, "; pass retain_graph");
}

void Pass::count_consumers() {
  // The list grows while it is walked.
  for (Node* node = first_claimed_; node != nullptr; node = node->next_claimed) {
    for (std::uint32_t i = 0; i < node->edge_count; ++i) {
      Node* input = node->edges[i].node.get();
      if (!wants(input) || input->leaf) continue;
      claim(input);
      ++input->pending;
    }
  }
}

void Pass::push_ready(Node* node) {
  node->next_ready = ready_;
  ready_ = node;
}

Node* Pass::pop_ready() {
  Node* node = ready_;
  if (node != nullptr) ready_ = node->next_ready;
  return node;
}

// For a profile: the gradient that the rule takes and those that it gives.
void Pass::count_bytes(const Node& node) const {
  const auto bytes = [](const Node& of) {
    return static_cast<std::size_t>(of.shape.numel()) * size_of(of.dtype);
  };
  Profiled::add_bytes(bytes(node));
  for (std::uint32_t i = 0; i < node.edge_count; ++i)
    if (const Node* input = node.edges[i].node.get(); wants(input))
      Profiled::add_bytes(bytes(*input));
}

// Both: whether the rule had to run.
inline bool Pass::run_rule(Node& node) {
  Tensor gradient = std::exchange(node.gradient, Tensor());
  if (node.hooks) apply_hooks(node, gradient);
  check_gathered(node, gradient);
  if (targets_ != nullptr && slot_index_.count(&node) > 0) slot(&node) = gradient;
  if (!runs_rule(node)) return false;
  Gradients to(*this, node);
  node.backward(gradient, to);
  return true;
}

bool Pass::run_recorded_rule(Node& node) {
  const auto found = recorded_.find(&node);
  Variable gradient = std::move(found->second);
  recorded_.erase(found);
  if (node.hooks) apply_hooks(node, gradient);
  check_gathered(node, gradient.value());
  if (slot_index_.count(&node) > 0) recorded_[&node] = gradient;
  if (!runs_rule(node)) return false;
  Gradients to(*this, node, &gradient);
  node.backward(gradient.value(), to);
  return true;
}

void Pass::run_node(Node* node, RetainGraph retain) {
  const Profiled profiled(node->name, Phase::backward);
  if (profiling()) count_bytes(*node);
  try {
    if (!(recording_ == Recording::yes ? run_recorded_rule(*node) : run_rule(*node))) return;
  } catch (const StaleValue& stale) {
    fail(backward_of(*node), stale.what());
  }
  for (std::uint32_t i = 0; i < node->edge_count; ++i) {
    Edge& edge = node->edges[i];
    Node* input = edge.node.get();
    if (!wants(input)) continue;
    if (!std::exchange(edge.given, false))
      fail(backward_of(*node), "the rule gave no gradient for input ", i);
    if (!input->leaf && --input->pending == 0) push_ready(input);
  }
  if (retain == RetainGraph::no) node->release_saved();
}

void Pass::note_leaves() {
  for (Node* node = first_claimed_; node != nullptr; node = node->next_claimed)
    for (std::uint32_t i = 0; i < node->edge_count; ++i)
      if (Node* input = node->edges[i].node.get(); input != nullptr && input->leaf && wants(input))
        check_trained(as_leaf(*input));
}

// The leaves whose gradient could only be completed now: those with hooks, and targets.
void Pass::finish_leaves() {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Node& node = *slots_[i].first.get();
    if (recording_ == Recording::yes) {
      const auto found = recorded_.find(&node);
      if (!node.leaf || found == recorded_.end()) continue;
      if (node.hooks) apply_hooks(node, found->second);
      check_gathered(node, found->second.value());
      continue;
    }
    if (!node.leaf || !slots_[i].second.defined()) continue;
    Tensor gradient = slots_[i].second;
    if (node.hooks) apply_hooks(node, gradient);
    check_gathered(node, gradient);
    slots_[i].second = gradient;
    if (targets_ == nullptr) add_to_leaf(as_leaf(node), std::move(gradient));
  }
}

}  // namespace plumb::detail
