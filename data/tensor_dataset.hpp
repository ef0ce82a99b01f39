// TensorDataset: samples that are the rows of two tensors.
#pragma once

#include "byte_scaling.hpp"
#include "dataset.hpp"
#include "rows.hpp"

namespace plumb::data {

/// Sample i is row i of `x` [n, ...] and of `y` [n, ...]. The tensors are shared, not copied, and
/// must not change while a loader uses them.
///
/// Features of uint8 stay bytes in memory and are scaled when gathered; others arrive as they are.
/// Targets of uint8 are class labels and arrive as int64; others as they are. An undefined `y`
/// gives batches without targets.
class TensorDataset : public Dataset {
 public:
  /// Throws for an undefined or scalar x, for x and y of different lengths, and for a mean or
  /// deviation where x is not uint8.
  TensorDataset(Tensor x, Tensor y, const ByteScaling& scaling = {});

  std::int64_t size() const override { return x_.dim(0); }
  Batch gather(Indices indices) const override;

  Tensor x() const { return x_; }
  Tensor y() const { return y_; }

 private:
  Tensor x_, y_;
  detail::ByteGatherer gather_bytes_;
};

}  // namespace plumb::data
