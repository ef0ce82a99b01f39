// Concatenation: several datasets, one after the other.
#pragma once

#include <memory>
#include <vector>

#include "dataset.hpp"

namespace plumb::data {

/// The samples of the first part, then those of the second, and so on. Sequences must come from all
/// parts padded to the same number of steps.
class Concatenation : public Dataset {
 public:
  /// Throws for no parts, a null part, and parts whose samples differ in shape or element type (the
  /// first sample of each is gathered to see).
  explicit Concatenation(std::vector<std::shared_ptr<const Dataset>> parts);

  std::int64_t size() const override { return ends_.back(); }
  Batch gather(Indices indices) const override;
  Batch gather_in_epoch(Indices indices, std::int64_t epoch) const override;

 private:
  // `gather(part, indices)` gathers from one of the parts.
  template <class Gather>
  Batch join(Indices indices, const Gather& gather) const;

  std::vector<std::shared_ptr<const Dataset>> parts_;
  std::vector<std::int64_t> ends_;  // of each part, in numbers of the whole
};

}  // namespace plumb::data
