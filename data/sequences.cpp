#include "sequences.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "../core/runtime/internal/fail.hpp"
#include "rows.hpp"

namespace plumb::data {
namespace detail {
namespace {

// Axes behind that of the steps.
Shape inner_shape(const Tensor& x) {
  Shape inner;
  for (int axis = 1; axis < x.rank(); ++axis) inner.push_back(x.shape()[axis]);
  return inner;
}

}  // namespace

RaggedRows::RaggedRows(const char* operation, const char* what, const std::vector<Tensor>& rows)
    : operation_(operation), what_(what) {
  if (rows.empty()) fail(operation, "there are no sequences");
  std::int64_t total = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t number = static_cast<std::int64_t>(i);
    if (!rows[i].defined() || rows[i].rank() == 0)
      fail(operation, what, " of sample ", number, " has no axis of steps");
    if (rows[i].dtype() != rows[0].dtype() || inner_shape(rows[i]) != inner_shape(rows[0]))
      fail(operation, "a step of ", what, " is ", inner_shape(rows[i]), " of ", rows[i].dtype(),
           " in sample ", number, ", ", inner_shape(rows[0]), " of ", rows[0].dtype(), " before");
    begins_.push_back(total);
    lengths_.push_back(rows[i].dim(0));
    total += rows[i].dim(0);
  }
  Shape shape = rows[0].shape();
  shape[0] = total;
  rows_ = Tensor::empty(shape, rows[0].dtype());
  std::byte* to = rows_.mutable_raw();
  for (const Tensor& row : rows) {
    if (row.bytes() > 0) std::memcpy(to, row.raw(), row.bytes());
    to += row.bytes();
  }
}

void RaggedRows::check(const std::optional<double>& padding, std::int64_t steps) const {
  if (padding) check_number(operation_, *padding, dtype());
  if (steps < 0) fail(operation_, "steps must not be negative, got ", steps);
  for (std::size_t i = 0; i < lengths_.size(); ++i) {
    const std::int64_t number = static_cast<std::int64_t>(i);
    if (steps > 0 && lengths_[i] > steps)
      fail(operation_, what_, " of sample ", number, " has ", lengths_[i], " steps, more than the ",
           steps, " of a batch");
    if (padding) continue;
    if (steps > 0 && lengths_[i] < steps)
      fail(operation_, what_, " of sample ", number, " has ", lengths_[i], " steps, a batch ",
           steps, "; name a value to pad with");
    if (lengths_[i] != lengths_[0])
      fail(operation_, what_, " of sample 0 has ", lengths_[0], " steps, of sample ", number, " ",
           lengths_[i], "; name a value to pad with");
  }
}

Tensor RaggedRows::gather(Indices indices, const std::optional<double>& padding,
                          std::int64_t steps) const {
  Shape shape{indices.size(), steps};
  for (const std::int64_t size : inner_shape(rows_)) shape.push_back(size);
  Tensor result = padding ? Tensor::full(shape, *padding, dtype()) : Tensor::empty(shape, dtype());
  const auto step =
      static_cast<std::size_t>(rows_.shape().numel(1, rows_.rank())) * size_of(dtype());
  std::byte* to = result.mutable_raw();
  for (const std::int64_t index : indices) {
    const auto i = static_cast<std::size_t>(index);
    const std::size_t bytes = static_cast<std::size_t>(lengths_[i]) * step;
    if (bytes > 0)
      std::memcpy(to, rows_.raw() + static_cast<std::size_t>(begins_[i]) * step, bytes);
    to += static_cast<std::size_t>(steps) * step;
  }
  return result;
}

std::int64_t longest_of(const std::vector<std::int64_t>& lengths, Indices indices) {
  std::int64_t longest = 0;
  for (const std::int64_t index : indices)
    longest = std::max(longest, lengths[static_cast<std::size_t>(index)]);
  return longest;
}

Tensor lengths_tensor(const std::vector<std::int64_t>& lengths, Indices indices,
                      std::int64_t steps) {
  Tensor chosen = Tensor::empty({indices.size()}, DType::int64);
  std::int64_t* length = chosen.mutable_data<std::int64_t>();
  bool full = true;
  for (const std::int64_t index : indices) {
    *length = lengths[static_cast<std::size_t>(index)];
    full = full && *length == steps;
    ++length;
  }
  return full ? Tensor() : chosen;
}

}  // namespace detail

namespace {
constexpr const char* operation = "SequenceDataset";
}

PaddedSequences pad_sequences(const std::vector<Tensor>& sequences, std::optional<double> padding,
                              std::int64_t steps) {
  const detail::RaggedRows rows("pad_sequences", "x", sequences);
  rows.check(padding, steps);
  const std::vector<std::int64_t> all = all_indices(rows.size());
  if (steps == 0) steps = detail::longest_of(rows.lengths(), all);
  return {rows.gather(all, padding, steps), detail::lengths_tensor(rows.lengths(), all, steps)};
}

SequenceDataset::SequenceDataset(const std::vector<Tensor>& x, Tensor y,
                                 const SequenceOptions& options)
    : x_(operation, "x", x), targets_(std::move(y)), options_(options) {
  if (targets_.defined() && (targets_.rank() == 0 || targets_.dim(0) != size()))
    fail(operation, "there are ", size(), " sequences, y is ", targets_.shape());
  check();
}

SequenceDataset::SequenceDataset(const std::vector<Tensor>& x, const std::vector<Tensor>& y,
                                 const SequenceOptions& options)
    : x_(operation, "x", x), options_(options) {
  step_targets_.emplace(operation, "y", y);
  if (step_targets_->size() != size())
    fail(operation, "there are ", size(), " sequences and ", step_targets_->size(), " of targets");
  for (std::size_t i = 0; i < x.size(); ++i)
    if (x_.lengths()[i] != step_targets_->lengths()[i])
      fail(operation, "sample ", static_cast<std::int64_t>(i), " has ", x_.lengths()[i],
           " steps and targets for ", step_targets_->lengths()[i]);
  check();
}

void SequenceDataset::check() const {
  x_.check(options_.padding, options_.steps);
  if (step_targets_) step_targets_->check(options_.target_padding, options_.steps);
}

Batch SequenceDataset::gather(Indices indices) const {
  indices.check(operation, size());
  const std::int64_t steps =
      options_.steps > 0 ? options_.steps : detail::longest_of(lengths(), indices);
  Batch batch;
  batch.x = x_.gather(indices, options_.padding, steps);
  if (step_targets_) {
    batch.y = step_targets_->gather(indices, options_.target_padding, steps);
    batch.y_has_steps = true;
    if (batch.y.dtype() == DType::uint8) batch.y = batch.y.to(DType::int64);
  } else if (targets_.defined()) {
    batch.y = detail::gather_targets(targets_, indices);
  }
  batch.lengths = detail::lengths_tensor(lengths(), indices, steps);
  return batch;
}

}  // namespace plumb::data
