// GradientAccumulation: the gradient of a mean over samples that come in several parts.
#pragma once

#include "variable.hpp"

namespace plumb {

/// Gathers the gradient of a step's loss over micro-batches, for batches whose graph would not fit
/// in memory. The loss is the mean over all samples or tokens of the step, however they are spread:
/// a mean of the parts' means would weight those of a small part more.
///
/// ```
/// optimizer.zero_grad();
/// GradientAccumulation step(batch.x.dim(0));
/// for (const data::Batch& part : data::micro_batches(batch, 64))
///   step.add(nn::cross_entropy(model(part.x), part.y, summed));  // Reduction::sum
/// optimizer.step();
/// ```
class GradientAccumulation {
 public:
  /// Of a mean over `count` samples or tokens: those of all parts. Throws unless it is positive and
  /// finite.
  explicit GradientAccumulation(double count);

  /// Adds the gradient of `sum` / count to the leaves' gradients, and frees the graph of `sum`: the
  /// scalar sum of the losses of a part.
  void add(const Variable& sum);

  /// The sums added so far, divided by count.
  double mean() const { return sum_ / count_; }

 private:
  double count_;
  double sum_ = 0;
};

}  // namespace plumb
