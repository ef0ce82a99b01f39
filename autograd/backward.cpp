// The backward pass: claims the graph, runs its rules in order of dependence, hands out buffers.
#include <string>
#include <unordered_map>

#include "../core/error.hpp"
#include "../core/kernels/accumulate.hpp"
#include "record.hpp"

namespace plumb {
namespace detail {
namespace {

std::atomic<std::uint64_t> pass_counter{0};

struct StaleValue : Error {
  using Error::Error;
};

// Names the operation in an error about its rule.
std::string backward_of(const Node& node) { return text("backward of ", node.name); }

}  // namespace

// One backward pass. It owns the marks on the nodes that it has claimed and removes them at its
// end, also when a rule throws.
class Pass {
 public:
  // Only the gradients of `targets` are wanted; without targets, those of all leaves.
  explicit Pass(const std::vector<Variable>* targets) : id_(++pass_counter), chosen_(targets) {
    if (targets == nullptr) return;
    for (const Variable& target : *targets) slot(*target.node());
  }

  ~Pass() {
    for (Node* node = first_claimed_; node != nullptr;) {
      Node* next = node->next_claimed;
      node->next_claimed = nullptr;
      node->gradient = Tensor();
      for (std::uint32_t i = 0; i < node->edge_count; ++i) node->edges[i].given = false;
      node->pass.store(0, std::memory_order_release);
      node = next;
    }
  }

  void add_root(const Variable& root, const Tensor& seed) {
    Node* node = root.node();
    roots_.emplace_back(node, seed);
    if (node->leaf) return;
    claim(node);
    ++node->pending;  // the seed counts as a consumer
  }

  void run(RetainGraph retain) {
    count_consumers();
    for (const auto& [node, seed] : roots_) {
      if (!wants(node)) continue;
      add(*node, seed);
      if (!node->leaf && --node->pending == 0) push_ready(node);
    }
    while (Node* node = pop_ready()) run_node(node, retain);
    finish_leaves();
  }

  // The gradient of a target, undefined where it takes no part.
  Tensor result(const Variable& target) { return slot(*target.node()); }

  bool wants(const Node* node) const {
    return node != nullptr && (!node->leaf || chosen_ == nullptr || slot_index_.count(node) > 0);
  }

  // Where contributions to a node's output gather, other than in the leaf's own gradient.
  Tensor* gathering(Node& node) {
    if (!node.leaf) return &node.gradient;
    if (chosen_ == nullptr && !node.hooks) return nullptr;
    return &slot(node);
  }

  // Adds to the gradient of a node's output; takes the tensor over where it can.
  void add(Node& node, Tensor gradient) {
    if (Tensor* gathered = gathering(node)) {
      if (!gathered->defined()) {
        *gathered = std::move(gradient);
      } else {
        sum_into(*gathered, std::move(gradient));
      }
      return;
    }
    add_to_leaf(static_cast<Leaf&>(node), std::move(gradient));
  }

 private:
  static void add_to_leaf(Leaf& leaf, Tensor gradient) {
    const std::lock_guard<std::mutex> lock(leaf.mutex);
    if (leaf.valid) return sum_into(leaf.gradient, std::move(gradient));
    // Whoever changes a leaf's gradient in place (clipping) must not change another's.
    leaf.gradient = gradient.unique() ? std::move(gradient) : gradient.clone();
    leaf.valid = true;
  }

  // Where the gradient of a target, or of a leaf with hooks, gathers until the end of the pass.
  Tensor& slot(Node& node) {
    const auto [entry, added] = slot_index_.emplace(&node, slots_.size());
    if (added) slots_.emplace_back(&node, Tensor());
    return slots_[entry->second].second;
  }

  static void sum_into(Tensor& sum, Tensor term) {
    if (!sum.unique()) {
      if (term.unique()) {
        std::swap(sum, term);  // addition commutes, bit for bit
      } else {
        sum = sum.clone();
      }
    }
    kernel::accumulate(sum, term);
  }

  // Marks a node as part of this pass and puts it at the end of the list of all claimed ones.
  void claim(Node* node) {
    std::uint64_t holder = 0;
    if (!node->pass.compare_exchange_strong(holder, id_, std::memory_order_acq_rel)) {
      if (holder == id_) return;
      fail("backward", "another thread is differentiating the same graph, at ", node->name);
    }
    node->next_claimed = nullptr;
    node->pending = 0;
    (first_claimed_ == nullptr ? first_claimed_ : last_claimed_->next_claimed) = node;
    last_claimed_ = node;
    if (node->freed) fail("backward", "the graph was freed at ", node->name, "; pass retain_graph");
  }

  void count_consumers() {
    // The list grows while it is walked.
    for (Node* node = first_claimed_; node != nullptr; node = node->next_claimed) {
      for (std::uint32_t i = 0; i < node->edge_count; ++i) {
        Node* input = node->edges[i].node.get();
        if (input == nullptr || input->leaf) continue;
        claim(input);
        ++input->pending;
      }
    }
  }

  void push_ready(Node* node) {
    node->next_ready = ready_;
    ready_ = node;
  }

  Node* pop_ready() {
    Node* node = ready_;
    if (node != nullptr) ready_ = node->next_ready;
    return node;
  }

  void run_node(Node* node, RetainGraph retain) {
    Tensor gradient = std::exchange(node->gradient, Tensor());
    apply_hooks(*node, gradient);
    if (chosen_ != nullptr && slot_index_.count(node) > 0) slot(*node) = gradient;
    Gradients to(*this, *node);
    try {
      node->backward(gradient, to);
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

  static void apply_hooks(const Node& node, Tensor& gradient) {
    if (!node.hooks) return;
    for (const GradientHook& hook : *node.hooks) {
      Tensor changed = hook(gradient);
      if (!changed.defined()) continue;
      if (changed.shape() != node.shape || changed.dtype() != node.dtype)
        fail("backward", "a hook of ", node.name, " must return ", node.shape, " of ", node.dtype,
             ", got ", changed.shape(), " of ", changed.dtype());
      gradient = std::move(changed);
    }
  }

  // The leaves whose gradient could only be completed now: those with hooks, and targets.
  void finish_leaves() {
    for (auto& [node, gradient] : slots_) {
      if (!node->leaf || !gradient.defined()) continue;
      apply_hooks(*node, gradient);
      if (chosen_ == nullptr) add_to_leaf(static_cast<Leaf&>(*node), std::move(gradient));
    }
  }

  std::uint64_t id_;
  const std::vector<Variable>* chosen_;
  std::vector<std::pair<Node*, Tensor>> roots_;
  Node* first_claimed_ = nullptr;
  Node* last_claimed_ = nullptr;
  Node* ready_ = nullptr;
  std::vector<std::pair<Node*, Tensor>> slots_;
  std::unordered_map<const Node*, std::size_t> slot_index_;
};

namespace {

void check_finite(const Node& node, std::size_t input, const Tensor& gradient) {
  if (anomaly_enabled() && !kernel::all_finite(gradient))
    fail("anomaly", "backward of ", node.name, " made a gradient of input ", std::uint64_t{input},
         " that is NaN or infinite");
}

Tensor seed_of(const char* operation, const Variable& output, const Tensor* seed) {
  if (!output.requires_grad())
    fail(operation, "nothing that the output depends on requires a gradient");
  if (seed == nullptr) {
    if (output.numel() != 1)
      fail(operation, "an output of shape ", output.shape(),
           " needs a seed; only a single element does not");
    return Tensor::ones(output.shape(), output.dtype());
  }
  if (!seed->defined() || seed->shape() != output.shape() || seed->dtype() != output.dtype())
    fail(operation, "the seed must be ", output.shape(), " of ", output.dtype(), ", got ",
         seed->defined() ? text(seed->shape(), " of ", seed->dtype()) : std::string("nothing"));
  return *seed;
}

void backward_from(const Variable& output, const Tensor* seed, RetainGraph retain) {
  const Tensor checked = seed_of("backward", output, seed);
  Pass pass(nullptr);
  pass.add_root(output, checked);
  pass.run(retain);
}

}  // namespace
}  // namespace detail

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
  detail::Edge& edge = node_.edges[input];
  const detail::Node& to = *edge.node.get();
  if (edge.given)
    fail(detail::backward_of(node_), "the rule gave two gradients for input ",
         std::uint64_t{input});
  if (!gradient.defined() || gradient.shape() != to.shape || gradient.dtype() != to.dtype)
    fail(detail::backward_of(node_), "the gradient of input ", std::uint64_t{input}, " must be ",
         to.shape, " of ", to.dtype, ", got ",
         gradient.defined() ? text(gradient.shape(), " of ", gradient.dtype())
                            : std::string("nothing"));
  detail::check_finite(node_, input, gradient);
  pass_.add(*edge.node.get(), std::move(gradient));
  edge.given = true;
}

Gradients::Destination::Destination(Gradients& gradients, std::size_t input)
    : gradients_(gradients), input_(input), leaf_(nullptr) {
  detail::Edge& edge = gradients.node_.edges[input];
  detail::Node& to = *edge.node.get();
  if (edge.given)
    fail(detail::backward_of(gradients.node_), "the rule gave two gradients for input ",
         std::uint64_t{input});
  buffer_ = gradients.pass_.gathering(to);
  bool holds_value = buffer_ != nullptr && buffer_->defined();
  if (buffer_ == nullptr) {
    auto& leaf = static_cast<detail::Leaf&>(to);
    leaf.mutex.lock();
    leaf_ = &leaf;
    buffer_ = &leaf.gradient;
    holds_value = leaf.valid;
  }
  mode_ = holds_value ? Write::accumulate : Write::overwrite;
  const bool reusable = buffer_->defined() && buffer_->unique();
  if (reusable) return;
  try {
    *buffer_ = holds_value ? buffer_->clone() : Tensor::empty(to.shape, to.dtype);
  } catch (...) {
    if (leaf_ != nullptr) leaf_->mutex.unlock();
    throw;
  }
}

Gradients::Destination::~Destination() {
  if (leaf_ != nullptr) leaf_->mutex.unlock();
}

void Gradients::Destination::done() {
  if (leaf_ != nullptr) leaf_->valid = true;
  gradients_.node_.edges[input_].given = true;
  detail::check_finite(gradients_.node_, input_, *buffer_);
}

void Variable::backward(RetainGraph retain) const { detail::backward_from(*this, nullptr, retain); }

void Variable::backward(const Tensor& seed, RetainGraph retain) const {
  detail::backward_from(*this, &seed, retain);
}

std::vector<Tensor> grad(const std::vector<Variable>& outputs, const std::vector<Variable>& inputs,
                         const std::vector<Tensor>& seeds, RetainGraph retain) {
  if (!seeds.empty() && seeds.size() != outputs.size())
    fail("grad", "expected one seed for each of ", std::uint64_t{outputs.size()}, " outputs, got ",
         std::uint64_t{seeds.size()});
  for (const Variable& input : inputs)
    if (!input.requires_grad()) fail("grad", "an input does not require a gradient");
  detail::Pass pass(&inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    pass.add_root(outputs[i],
                  detail::seed_of("grad", outputs[i], seeds.empty() ? nullptr : &seeds[i]));
  pass.run(retain);
  std::vector<Tensor> gradients;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    gradients.push_back(pass.result(inputs[i]));
    if (!gradients.back().defined())
      fail("grad", "input ", std::uint64_t{i}, " takes no part in the outputs");
  }
  return gradients;
}

}  // namespace plumb
