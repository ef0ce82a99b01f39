#include "subset.hpp"

#include <utility>

#include "../core/runtime/internal/fail.hpp"

namespace plumb::data {

Subset::Subset(std::shared_ptr<const Dataset> dataset, std::vector<std::int64_t> indices)
    : dataset_(std::move(dataset)), indices_(std::move(indices)) {
  if (!dataset_) fail("Subset", "the dataset is null");
  Indices(indices_).check("Subset", dataset_->size());
}

std::vector<std::int64_t> Subset::chosen(Indices indices) const {
  indices.check("Subset", size());
  std::vector<std::int64_t> chosen(static_cast<std::size_t>(indices.size()));
  for (std::int64_t i = 0; i < indices.size(); ++i) chosen[i] = indices_[indices[i]];
  return chosen;
}

Batch Subset::gather(Indices indices) const { return dataset_->gather(chosen(indices)); }

Batch Subset::gather_in_epoch(Indices indices, std::int64_t epoch) const {
  return dataset_->gather_in_epoch(chosen(indices), epoch);
}

}  // namespace plumb::data
