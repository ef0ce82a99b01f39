#include "stored_dataset.hpp"

#include <utility>

#include "../../core/runtime/internal/fail.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "StoredDataset";

const ByteScaling& checked(const StoredRows& x, const std::optional<StoredRows>& y,
                           const ByteScaling& scaling) {
  if (y && y->rows() != x.rows())
    fail(operation, "x and y differ in length: ", x.shape(), " and ", y->shape());
  scaling.check(operation);
  const ByteScaling none;
  if (x.dtype() != DType::uint8 && (scaling.dtype != none.dtype || scaling.mean != none.mean ||
                                    scaling.deviation != none.deviation))
    fail(operation, "only uint8 features are scaled, x is ", x.dtype());
  return scaling;
}

}  // namespace

StoredDataset::StoredDataset(StoredRows x, std::optional<StoredRows> y, const ByteScaling& scaling)
    : x_(std::move(x)), y_(std::move(y)), gather_bytes_(checked(x_, y_, scaling)) {}

Batch StoredDataset::gather(Indices indices) const {
  indices.check(operation, size());
  Batch batch;
  batch.x = x_.gather(indices);
  if (x_.dtype() == DType::uint8) batch.x = gather_bytes_(batch.x, all_indices(indices.size()));
  if (!y_) return batch;
  batch.y = y_->gather(indices);
  if (y_->dtype() == DType::uint8) batch.y = batch.y.to(DType::int64);
  return batch;
}

}  // namespace plumb::data
