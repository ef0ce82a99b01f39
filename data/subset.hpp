// Subset: chosen samples of another dataset.
#pragma once

#include <memory>
#include <vector>

#include "dataset.hpp"

namespace plumb::data {

/// Sample i is sample indices[i] of `dataset`. An index may occur twice.
class Subset : public Dataset {
 public:
  /// Throws for a null dataset and for an index outside of it.
  Subset(std::shared_ptr<const Dataset> dataset, std::vector<std::int64_t> indices);

  std::int64_t size() const override { return static_cast<std::int64_t>(indices_.size()); }
  Batch gather(Indices indices) const override;
  Batch gather_in_epoch(Indices indices, std::int64_t epoch) const override;

  const std::vector<std::int64_t>& indices() const { return indices_; }

 private:
  std::vector<std::int64_t> chosen(Indices indices) const;

  std::shared_ptr<const Dataset> dataset_;
  std::vector<std::int64_t> indices_;
};

}  // namespace plumb::data
