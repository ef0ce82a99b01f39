// Dataset: numbered samples that are handed out a batch at a time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/tensor/tensor.hpp"

namespace plumb::data {

/// What a training step takes: x and y of n samples, [n, ...] each. y is undefined where the
/// dataset has no targets.
struct Batch {
  Tensor x = {};
  Tensor y = {};
  /// int64 [n]: how many steps of axis 1 of x are a sample's own; those behind are padding.
  /// Undefined where all samples fill the axis.
  Tensor lengths = {};
  /// Whether y has a target for each step of x, on its axis 1, which is padded as x is.
  bool y_has_steps = false;

  // Of a loader that gathers some of a batch's shards alone (LoaderOptions::part): which samples of
  // the batch these are. Its tensors are undefined where they are none.
  std::int64_t first = 0;   ///< The place in the batch of x's first sample.
  std::int64_t whole = -1;  ///< Samples of the batch; -1: those of x.
  /// Which samples the whole batch has, of what number and in which epoch, as a loader says; 0: unknown.
  /// Ranks that work on one batch have the same.
  std::uint64_t fingerprint = 0;

  /// Samples of the whole batch.
  std::int64_t samples() const { return whole >= 0 ? whole : x.dim(0); }
  /// Samples [begin, end) of the whole batch. Shares memory. Throws unless they are among these.
  Batch rows(std::int64_t begin, std::int64_t end) const;
  /// The same as if nothing else had been gathered: with lengths, without the steps of x, and of y
  /// where y_has_steps, behind the longest of these samples. Copies where it cuts.
  Batch part(std::int64_t begin, std::int64_t end) const;
};

/// Sample indices. Of a vector that has a name, or of a pointer, it is a view: use it as a parameter,
/// not as a member. A braced list, and a vector that nobody else holds, it keeps.
class Indices {
 public:
  Indices(const std::int64_t* data, std::int64_t size) : data_(data), size_(size) {}
  Indices(const std::vector<std::int64_t>& indices)
      : Indices(indices.data(), static_cast<std::int64_t>(indices.size())) {}
  Indices(std::vector<std::int64_t>&& indices)
      : kept_(std::make_shared<const std::vector<std::int64_t>>(std::move(indices))),
        data_(kept_->data()),
        size_(static_cast<std::int64_t>(kept_->size())) {}
  Indices(std::initializer_list<std::int64_t> indices)
      : Indices(std::vector<std::int64_t>(indices)) {}

  std::int64_t size() const { return size_; }
  std::int64_t operator[](std::int64_t i) const { return data_[i]; }
  const std::int64_t* begin() const { return data_; }
  const std::int64_t* end() const { return data_ + size_; }

  /// Throws "[operation] sample 7 is out of range [0, 5)" unless all lie in [0, samples).
  void check(std::string_view operation, std::int64_t samples) const;

 private:
  std::shared_ptr<const std::vector<std::int64_t>> kept_;  // null of a view
  const std::int64_t* data_;
  std::int64_t size_;
};

/// 0, 1, ..., samples - 1.
std::vector<std::int64_t> all_indices(std::int64_t samples);

/// Numbered samples. The library shares datasets as std::shared_ptr<const Dataset>. A dataset of
/// one's own overrides the two functions; docs/data.md shows one.
class Dataset {
 public:
  virtual ~Dataset() = default;

  /// Number of samples; must not change while a loader uses the dataset.
  virtual std::int64_t size() const = 0;

  /// The samples with these indices, in this order; an index may occur twice. Called by several
  /// loader threads at once. Throws for an index outside [0, size()).
  virtual Batch gather(Indices indices) const = 0;

  /// The samples as epoch `epoch` sees them: what a DataLoader asks for. A dataset that changes its
  /// samples at random (augmentation) overrides it, as a pure function of its arguments, so that a
  /// run that is resumed sees them again; a dataset over others passes the epoch on. The default is
  /// gather(indices).
  virtual Batch gather_in_epoch(Indices indices, std::int64_t epoch) const;
};

}  // namespace plumb::data
