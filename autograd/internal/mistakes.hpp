// What the checks of core/runtime/checks.hpp look at: class scores, losses, leaves, and what layers
// and optimizers tell one another. Callers look at checks() first.
#pragma once

#include <cstdint>

#include "../node.hpp"
#include "../variable.hpp"

namespace plumb::detail {

/// Scores and targets of a loss that applies softmax itself.
void check_class_scores(const char* operation, const Variable& scores, const Tensor& targets);
/// Logits of a loss that applies sigmoid itself.
void check_logits(const char* operation, const Variable& logits);
/// Scores [n, classes, ...] that have to be log-probabilities.
void check_log_probabilities(const char* operation, const Variable& scores);
/// What a first layer with this weight reads.
void check_input_scale(const char* layer, const Variable& x, const Variable& weight);

/// The output that backward begins at.
void check_loss(const Variable& output);
/// A leaf that a pass has given a gradient.
void check_trained(Leaf& leaf);

/// The notes on a variable that is a leaf with a node.
inline LeafNotes& notes_of(const Variable& leaf) {
  return static_cast<Leaf*>(leaf.node_handle().get())->notes;
}

/// Gradients have come: by a pass, or by hand.
void count_gradients();
/// A layer that works otherwise in evaluation ran while results are recorded.
enum class Mode : std::uint8_t { training, evaluation };
void count_mode(Mode mode);
void count_step();

/// What was counted so far, in the whole process.
struct Counts {
  std::uint64_t gradients = 0, training = 0, evaluation = 0;
};
Counts counts();

}  // namespace plumb::detail
