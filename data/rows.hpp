// Picking rows of a tensor, copied or converted straight into a batch.
#pragma once

#include "../core/tensor/tensor.hpp"
#include "byte_scaling.hpp"
#include "dataset.hpp"

namespace plumb::data::detail {

// Rows `indices` of a tensor [n, ...], as they are. The indices must be valid.
Tensor gather_rows(const Tensor& source, Indices indices);

// Class labels: rows of uint8 become int64, others stay as they are.
Tensor gather_targets(const Tensor& source, Indices indices);

// Rows of uint8, scaled: one look-up a byte in a table of the 256 results, rounded once for any
// mean and deviation. Measured 0.28 ns a byte.
class ByteGatherer {
 public:
  explicit ByteGatherer(const ByteScaling& scaling);

  Tensor operator()(const Tensor& source, Indices indices) const;

 private:
  Tensor table_;  // of the wanted type; undefined where bytes stay bytes
};

}  // namespace plumb::data::detail
