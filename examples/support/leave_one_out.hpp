// Leave-one-out: each sample is tested by a model that was trained on all others.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <plumb/data.hpp>
#include <plumb/nn.hpp>
#include <vector>

class LeaveOneOut {
 public:
  using Data = std::shared_ptr<const plumb::data::Dataset>;
  /// Trains a model on all samples but one.
  using Train = std::function<std::unique_ptr<plumb::nn::Layer>(const Data& others)>;

  /// Of samples whose models give logits [n, classes].
  explicit LeaveOneOut(Data samples);

  /// Trains and tests as many models as there are samples, with progress on a terminal, and prints
  /// the number of errors. Runs differ in what `train` does: in its seed.
  void run(const Train& train);

  /// The median of the runs' errors, and those of the models' mean shares of all runs.
  void print() const;

 private:
  Data samples_;
  std::vector<std::int64_t> errors_;   // of each run
  std::vector<plumb::Tensor> shares_;  // of each sample: softmax, added over the runs
  std::vector<std::int64_t> classes_;  // of each sample
};
