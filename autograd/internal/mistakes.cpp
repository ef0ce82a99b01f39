#include "mistakes.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <mutex>
#include <string>
#include <string_view>

#include "../../core/runtime/checks.hpp"
#include "../../core/runtime/forks.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../modes.hpp"
#include "../record.hpp"

namespace plumb::detail {
namespace {

// --- what the scores come from ------------------------------------------------------------------

// The operation that made a variable, behind those that only change its shape; "" for none.
std::string_view made_by(const Variable& variable) {
  constexpr std::array<std::string_view, 7> passed = {
      "reshape", "flatten", "squeeze", "unsqueeze", "transpose", "permute", "slice"};
  const Node* node = variable.defined() ? variable.node() : nullptr;
  while (node != nullptr && !node->leaf && node->edge_count == 1 &&
         std::find(passed.begin(), passed.end(), node->name) != passed.end())
    node = node->edges[0].node.get();
  return node == nullptr || node->leaf ? std::string_view() : node->name;
}

bool is_relu(std::string_view operation) {
  return operation == "relu" || operation == "linear_relu";
}

// --- targets in order ---------------------------------------------------------------------------

constexpr int suspicious_batches = 10;
constexpr std::int64_t least_batch = 8;  // of which one class says something

// Batches in a row that held one class each.
struct OneClassBatches {
  OneClassBatches() { hold_over_forks(mutex); }

  std::mutex mutex;
  std::uint32_t turn = 0;
  int batches = 0;
  std::int64_t first = 0;
  bool others = false;  // not all of the class of the first
};

bool of_one_class(const Tensor& targets) {
  const std::int64_t* begin = targets.data<std::int64_t>();
  return std::all_of(begin, begin + targets.numel(), [&](std::int64_t t) { return t == *begin; });
}

// A shuffled set does not give batches of one class each, of different classes.
void check_order(const char* operation, const Tensor& targets) {
  static OneClassBatches& seen = *new OneClassBatches;
  if (targets.rank() != 1 || targets.numel() < least_batch) return;
  const bool one_class = of_one_class(targets);
  bool sorted = false;
  {
    const std::lock_guard<std::mutex> lock(seen.mutex);
    if (seen.turn != checks_turn() || !one_class) {
      seen.turn = checks_turn();
      seen.batches = 0;
      seen.others = false;
    }
    if (!one_class) return;
    const std::int64_t target = targets.data<std::int64_t>()[0];
    if (seen.batches++ == 0) seen.first = target;
    seen.others = seen.others || target != seen.first;
    sorted = seen.batches >= suspicious_batches && seen.others;
  }
  if (sorted)
    tell("targets in order", operation,
         text("each of ", suspicious_batches,
              " batches in a row holds a single class: the samples are sorted; set "
              "LoaderOptions::shuffle"));
}

// --- counts -------------------------------------------------------------------------------------

std::atomic<std::uint64_t> gradient_count{0}, training_count{0}, evaluation_count{0};
std::atomic<std::uint32_t> step_count{0};

constexpr std::uint32_t untrained_steps = 20;

}  // namespace

void check_class_scores(const char* operation, const Variable& scores, const Tensor& targets) {
  if (!scores.requires_grad() || !grad_enabled()) return;
  check_order(operation, targets);
  const std::string_view maker = made_by(scores);
  if (maker == "softmax" || maker == "log_softmax")
    tell("softmax twice", operation,
         text("the scores come from ", maker, ", but ", operation,
              " applies log_softmax itself: leave ", maker, " out of the model"));
  else if (is_relu(maker) || maker == "sigmoid")
    tell("scores cut off", operation,
         text("the scores come from ", is_relu(maker) ? "relu" : maker,
              ", which keeps classes from being ruled out: end the model with the Linear"));
}

void check_logits(const char* operation, const Variable& logits) {
  const std::string_view maker = made_by(logits);
  if (maker == "sigmoid" || maker == "softmax")
    tell("sigmoid twice", operation,
         text("the logits come from ", maker, ", but ", operation,
              " applies sigmoid itself: leave ", maker, " out of the model"));
}

void check_log_probabilities(const char* operation, const Variable& scores) {
  constexpr const char* mistake = "no log-probabilities";
  constexpr double tolerance = 0.02;
  if (scores.numel() == 0 || told(mistake)) return;
  const Tensor values = scores.value().to(DType::float64);
  const std::int64_t classes = values.dim(1), inner = values.numel() / values.dim(0) / classes;
  const double* value = values.data<double>();
  for (std::int64_t row = 0; row < values.dim(0) * inner; ++row) {
    const double* first = value + row / inner * classes * inner + row % inner;
    double sum = 0, exponentials = 0;
    for (std::int64_t c = 0; c < classes; ++c) {
      sum += first[c * inner];
      exponentials += std::exp(first[c * inner]);
    }
    if (std::isnan(exponentials) || std::abs(exponentials - 1) <= tolerance) continue;
    return tell(
        mistake, operation,
        std::abs(sum - 1) <= tolerance
            ? text("the scores look like probabilities: give it log_softmax's result, or "
                   "the logits to cross_entropy")
            : text("the scores are no log-probabilities, their exponentials sum to ", exponentials,
                   ": give it log_softmax's result, or these scores to cross_entropy"));
  }
}

void check_input_scale(const char* layer, const Variable& x, const Variable& weight) {
  constexpr const char* mistake = "inputs not scaled";
  constexpr double large = 30;
  if (x.node() != nullptr || !weight.requires_grad() || !grad_enabled() || x.numel() == 0 ||
      told(mistake))
    return;
  const Tensor values = x.value().to(DType::float64);
  double sum = 0;
  for (std::int64_t i = 0; i < values.numel(); ++i) sum += std::abs(values.data<double>()[i]);
  const double mean = sum / static_cast<double>(values.numel());
  if (mean > large && std::isfinite(mean))
    tell(mistake, layer,
         text("the inputs are of magnitude ", std::round(mean),
              " in the mean: scale them to about 1, bytes by / 255, columns of a table by mean and "
              "deviation"));
}

void check_loss(const Variable& output) {
  constexpr const char* mistake = "loss not finite";
  if (output.numel() != 1 || told(mistake)) return;
  const double loss = output.value().to(DType::float64).item();
  if (std::isfinite(loss)) return;
  tell(mistake, "backward",
       text("the loss is ", loss, " for the first time, in backward pass ", counts().gradients + 1,
            ": look for NaN in the data, or take a smaller learning rate or clip_grad_norm; "
            "AnomalyMode names the operation whose gradient fails first"));
}

void check_trained(Leaf& leaf) {
  bool untrained = false;
  {
    const std::lock_guard lock(leaf.lock);
    const std::uint32_t step = step_count.load(std::memory_order_relaxed);
    if (!leaf.notes.of_module || leaf.notes.optimized || leaf.notes.last_step == step) return;
    leaf.notes.last_step = step;
    untrained = ++leaf.notes.steps >= untrained_steps;
  }
  if (untrained)
    tell("in no optimizer", "backward",
         text("a parameter of shape ", leaf.shape, " has had gradients in ", untrained_steps,
              " steps but is in no optimizer: register its module with add(), or "
              "set_requires_grad(false) where it is not to be trained"));
}

void count_gradients() { gradient_count.fetch_add(1, std::memory_order_relaxed); }

void count_mode(Mode mode) {
  (mode == Mode::training ? training_count : evaluation_count)
      .fetch_add(1, std::memory_order_relaxed);
}

void count_step() { step_count.fetch_add(1, std::memory_order_relaxed); }

Counts counts() { return {gradient_count, training_count, evaluation_count}; }

// Constants made of such a gradient are as good as it.
void check_constant(const char* operation, const Variable& input, const Variable& result) {
  if (!input.defined() || input.requires_grad() || !input.value().noted_as_gradient()) return;
  if (result.requires_grad())
    tell("gradient without a graph", operation,
         "a gradient that grad() gave without a graph is a constant beside one here, and the loss "
         "is not differentiated through it: pass create_graph to grad(), if that is not meant");
  else
    Tensor(result.value()).note_gradient();
}

}  // namespace plumb::detail
