// What is learnt in a comparison: data in three parts, a model, a loss, and what counts in the end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <plumb/data.hpp>
#include <plumb/nn.hpp>
#include <string>
#include <vector>

namespace comparison {

/// How good a model is on a dataset. Less is better in both.
struct Score {
  double loss = 0;
  double metric = 0;  ///< Wrong answers in percent for classes, otherwise the loss.
};

struct Task {
  using Data = std::shared_ptr<const plumb::data::Dataset>;

  /// metric: "error %", "excess loss", "squared error" or "negative ELBO".
  std::string name, metric;
  bool percent() const { return metric == "error %"; }
  bool classes = true;  ///< Whether y are classes [n] with logits [n, k], or [n, steps] likewise.
  /// Tuned and watched on validation, reported on test. For "linear" and "quadratic" both are free
  /// of noise, so that the best loss is 0, which the training data do not lead to exactly.
  Data train, validation, test;
  std::int64_t batch_size = 64;  ///< Unless set.
  std::function<std::shared_ptr<plumb::nn::Layer>(plumb::Generator&)> make_model;

  /// The mean loss of a batch, from the model's output for it.
  std::function<plumb::Variable(const plumb::Variable& out, const plumb::data::Batch& batch)> loss;
  /// Changes no parameter, mode or random stream.
  Score evaluate(plumb::nn::Layer& model, const Data& dataset) const;
};

struct TaskOptions {
  std::string name = "mlp";
  /// Or: of mlp, lenet, cnn and vae a folder with the MNIST files, of text to regression what
  /// sequence_tasks.hpp says.
  std::string data = "synthetic";
  std::int64_t samples = 20'000;  ///< Of the training set, but for MNIST, which has 50,000.
};

/// mlp (784-128-10), lenet, cnn (8 and 16 channels with batch normalization) and vae (vae.hpp) on
/// digits, two-moons and spiral (2-32-32-k, tanh), logistic (20 features), linear (20 features, noisy
/// targets), quadratic (20 dimensions, condition 10,000); text (LSTM) and gpt (two transformer layers of
/// width 32), speech and genes (convolutions), table and regression (32-32).
extern const std::vector<std::string> task_names;

/// The same data for every seed. Throws plumb::Error where data cannot be read.
Task make_task(const TaskOptions& options);

/// A fingerprint of all samples that the task has.
std::uint64_t data_hash(const Task& task);

}  // namespace comparison
