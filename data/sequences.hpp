// Sequences of unlike lengths, padded at the end when they become a batch.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "../core/tensor/tensor.hpp"
#include "dataset.hpp"

namespace plumb::data {

/// A batch of sequences: x [n, steps, ...], and the steps that are each one's own, int64 [n];
/// undefined where all fill the axis.
struct PaddedSequences {
  Tensor x;
  Tensor lengths = {};
};

/// Sequences [steps_i, ...] in one tensor [n, steps, ...], with `padding` behind the end of the
/// shorter ones. `steps` is the longest's unless given; a model gives a sample the same bits beside
/// any others only where steps are the same.
///
/// Throws for no sequences, undefined or scalar ones, unlike shapes or element types, one longer than
/// `steps`, a padding that the type cannot hold, and, where no padding is given, unlike lengths, with
/// the first two that differ.
PaddedSequences pad_sequences(const std::vector<Tensor>& sequences,
                              std::optional<double> padding = std::nullopt, std::int64_t steps = 0);

/// How a SequenceDataset makes batches.
struct SequenceOptions {
  std::optional<double> padding = std::nullopt;  ///< Behind the end of x; without, none is made.
  /// Behind the end of y where every step has a target: the loss's ignored index, say.
  std::optional<double> target_padding = std::nullopt;
  std::int64_t steps = 0;  ///< Pads to so many steps; 0: to the longest of the batch.
};

namespace detail {

// Rows of unlike length, one after the other in one tensor.
class RaggedRows {
 public:
  // Throws in the name of the operation, which calls the rows `what`.
  RaggedRows(const char* operation, const char* what, const std::vector<Tensor>& rows);

  std::int64_t size() const { return static_cast<std::int64_t>(lengths_.size()); }
  const std::vector<std::int64_t>& lengths() const { return lengths_; }
  DType dtype() const { return rows_.dtype(); }
  // Throws where rows of unlike lengths, or shorter than `steps`, have no padding, one is longer
  // than steps > 0, or the type cannot hold the padding.
  void check(const std::optional<double>& padding, std::int64_t steps) const;
  // The chosen rows, each continued to `steps` by the padding.
  Tensor gather(Indices indices, const std::optional<double>& padding, std::int64_t steps) const;

 private:
  const char* operation_;
  const char* what_;
  Tensor rows_;
  std::vector<std::int64_t> lengths_, begins_;
};

// The longest of the chosen lengths.
std::int64_t longest_of(const std::vector<std::int64_t>& lengths, Indices indices);

// The chosen lengths as int64 [n]; undefined where all are `steps`.
Tensor lengths_tensor(const std::vector<std::int64_t>& lengths, Indices indices,
                      std::int64_t steps);

}  // namespace detail

/// Sequences [steps_i, ...] with a target each, or a target for every step. A batch is x
/// [n, steps, ...], y and the lengths.
///
///     data::SequenceOptions padded;
///     padded.padding = 0;
///     auto set = std::make_shared<data::SequenceDataset>(words, classes, padded);
///     options.sampler = std::make_shared<data::BucketSampler>(set->lengths(), options.batch_size);
class SequenceDataset : public Dataset {
 public:
  /// `y` [n, ...] or undefined; uint8 arrives as int64, others as they are. Throws as pad_sequences
  /// does, and where x and y have not the same length.
  SequenceDataset(const std::vector<Tensor>& x, Tensor y, const SequenceOptions& options = {});
  /// `y` [steps_i, ...]: as many steps as x, padded with target_padding.
  SequenceDataset(const std::vector<Tensor>& x, const std::vector<Tensor>& y,
                  const SequenceOptions& options = {});

  std::int64_t size() const override { return x_.size(); }
  Batch gather(Indices indices) const override;
  /// Steps of each sample: what a BucketSampler sorts by.
  const std::vector<std::int64_t>& lengths() const { return x_.lengths(); }

 private:
  void check() const;

  detail::RaggedRows x_;
  Tensor targets_;
  std::optional<detail::RaggedRows> step_targets_;
  SequenceOptions options_;
};

}  // namespace plumb::data
