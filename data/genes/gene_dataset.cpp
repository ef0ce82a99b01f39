#include "gene_dataset.hpp"

#include <algorithm>

#include "../../core/runtime/internal/fail.hpp"
#include "../sequences.hpp"
#include "internal/encoding.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "GeneDataset";

Tensor checked_labels(const Tensor& labels, std::int64_t records) {
  if (!labels.defined()) return {};
  if (labels.rank() != 1 || is_floating(labels.dtype()) || labels.dim(0) != records)
    fail(operation, "expected labels [", records, "] of int64 or uint8, got ", labels.shape(),
         " of ", labels.dtype());
  return labels.to(DType::int64);
}

}  // namespace

GeneDataset::GeneDataset(const std::vector<FastaRecord>& records, const Tensor& labels,
                         const GeneOptions& options)
    : options_(options),
      labels_(checked_labels(labels, static_cast<std::int64_t>(records.size()))) {
  if (records.empty()) fail(operation, "there are no records");
  const bool words = options.layout == GeneLayout::words;
  if (words && options.padding) check_number(operation, *options.padding, DType::int64);
  if (options.layout == GeneLayout::channels && options.padding)
    fail(operation, "channels are not padded; the layouts steps and words are");
  for (const FastaRecord& record : records) {
    const std::vector<detail::BaseSet> letters = detail::to_base_sets(operation, record.sequence);
    const auto count = static_cast<std::int64_t>(letters.size());
    if (words) detail::check_k(operation, options.k, count);
    const std::int64_t steps = words ? count - options.k + 1 : count;
    if (!lengths_.empty() && steps != lengths_[0] && !options.padding)
      fail(operation, "sample 0 has ", lengths_[0], " steps, sample ",
           static_cast<std::int64_t>(lengths_.size()), " ", steps,
           options.layout == GeneLayout::channels ? "; channels need one length"
                                                  : "; name a value to pad with");
    begins_.push_back(static_cast<std::int64_t>(letters_.size()));
    lengths_.push_back(steps);
    letters_.insert(letters_.end(), letters.begin(), letters.end());
  }
  begins_.push_back(static_cast<std::int64_t>(letters_.size()));
  if (options.strands == Strands::both) {
    const std::vector<std::int64_t> once = lengths_;
    lengths_.insert(lengths_.end(), once.begin(), once.end());
  }
}

std::int64_t GeneDataset::size() const { return static_cast<std::int64_t>(lengths_.size()); }

Tensor GeneDataset::gather_x(Indices indices, std::int64_t steps) const {
  const std::int64_t records = static_cast<std::int64_t>(begins_.size()) - 1, n = indices.size();
  const bool words = options_.layout == GeneLayout::words;
  const bool channels = options_.layout == GeneLayout::channels;
  const double padding = options_.padding.value_or(0);
  Tensor x = words      ? Tensor::full({n, steps}, padding, DType::int64)
             : channels ? Tensor::empty({n, 4, steps})
                        : Tensor::full({n, steps, 4}, padding);
  std::vector<detail::BaseSet> other;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto record = static_cast<std::size_t>(indices[i] % records);
    const detail::BaseSet* sets = letters_.data() + begins_[record];
    const std::int64_t letters = begins_[record + 1] - begins_[record];
    if (indices[i] >= records) {
      other.resize(static_cast<std::size_t>(letters));
      std::transform(sets, sets + letters, other.rbegin(), detail::complement);
      sets = other.data();
    }
    if (words)
      detail::write_k_mers(sets, letters, options_.k, x.mutable_data<std::int64_t>() + i * steps);
    else
      detail::write_one_hot(sets, letters, x.mutable_data<float>() + i * 4 * steps,
                            channels ? steps : 1, channels ? 1 : 4);
  }
  return x;
}

Batch GeneDataset::gather(Indices indices) const {
  indices.check(operation, size());
  const std::int64_t steps =
      indices.size() > 0 ? detail::longest_of(lengths_, indices) : lengths_[0];
  Batch batch;
  batch.x = gather_x(indices, steps);
  if (labels_.defined()) {
    batch.y = Tensor::empty({indices.size()}, DType::int64);
    std::int64_t* label = batch.y.mutable_data<std::int64_t>();
    for (const std::int64_t index : indices)
      *label++ = labels_.data<std::int64_t>()[index % labels_.numel()];
  }
  if (options_.layout != GeneLayout::channels)
    batch.lengths = detail::lengths_tensor(lengths_, indices, steps);
  return batch;
}

}  // namespace plumb::data
