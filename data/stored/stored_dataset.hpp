// StoredDataset: samples that are the rows of files, for sets larger than memory.
#pragma once

#include <optional>

#include "../byte_scaling.hpp"
#include "../rows.hpp"
#include "stored_rows.hpp"

namespace plumb::data {

/// TensorDataset over rows that stay in their files: sample i is row i of `x` and of `y`. Bytes of x
/// are scaled when they are gathered, bytes of y become int64.
///
///     auto train = std::make_shared<data::StoredDataset>(data::StoredRows::npy("x.npy"),
///                                                        data::StoredRows::npy("y.npy"));
///
/// A DataLoader over it holds the batches that are made ahead, and the order of the epoch (8 bytes a
/// sample). Small rows in random order are as slow as the disk is at that: threads of the loader
/// overlap reading and training, and rows of 100 KB or more come at nearly the disk's full speed.
class StoredDataset : public Dataset {
 public:
  /// Throws for x and y of different lengths, and for a mean or deviation where x is not uint8.
  explicit StoredDataset(StoredRows x, std::optional<StoredRows> y = std::nullopt,
                         const ByteScaling& scaling = {});

  std::int64_t size() const override { return x_.rows(); }
  Batch gather(Indices indices) const override;

 private:
  StoredRows x_;
  std::optional<StoredRows> y_;
  detail::ByteGatherer gather_bytes_;
};

}  // namespace plumb::data
