// How often each class is taken for which.
#pragma once

#include <cstdint>
#include <memory>
#include <plumb/core/tensor/tensor.hpp>
#include <plumb/data/dataset.hpp>
#include <string>
#include <vector>

namespace plumb::nn {
class Layer;
}

class Confusion {
 public:
  /// Of classes 0, 1, ... with these names.
  explicit Confusion(std::vector<std::string> names);

  /// Classes, int64 [n].
  void add(const plumb::Tensor& classes, const plumb::Tensor& guesses);
  std::int64_t samples() const;
  std::int64_t right() const;
  /// Share of right guesses; NaN for none.
  double accuracy() const;
  /// The table, with the percentage of each class that was right, on stdout.
  void print() const;

 private:
  std::size_t place(std::int64_t truth, std::int64_t guess) const;
  std::int64_t count(std::int64_t truth, std::int64_t guess) const {
    return counts_.at(place(truth, guess));
  }

  std::vector<std::string> names_;
  std::vector<std::int64_t> counts_;  // [true class][predicted class]
};

/// "0", "1", ..., "9".
std::vector<std::string> digit_names();

/// Tests a model with logits [n, classes] on all samples, in evaluation mode and without gradients.
Confusion test_classes(plumb::nn::Layer& model,
                       const std::shared_ptr<const plumb::data::Dataset>& dataset,
                       const std::vector<std::string>& names);
