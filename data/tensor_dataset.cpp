#include "tensor_dataset.hpp"

#include <utility>

#include "../core/runtime/internal/fail.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "TensorDataset";

const ByteScaling& checked(const Tensor& x, const Tensor& y, const ByteScaling& scaling) {
  if (!x.defined()) fail(operation, "x is undefined");
  if (x.rank() == 0) fail(operation, "x needs an axis of samples, got a scalar");
  if (y.defined() && (y.rank() == 0 || y.dim(0) != x.dim(0)))
    fail(operation, "x and y differ in length: ", x.shape(), " and ", y.shape());
  scaling.check(operation);
  const ByteScaling none;
  if (x.dtype() != DType::uint8 && (scaling.dtype != none.dtype || scaling.mean != none.mean ||
                                    scaling.deviation != none.deviation))
    fail(operation, "only uint8 features are scaled, x is ", x.dtype());
  return scaling;
}

}  // namespace

TensorDataset::TensorDataset(Tensor x, Tensor y, const ByteScaling& scaling)
    : x_(std::move(x)), y_(std::move(y)), gather_bytes_(checked(x_, y_, scaling)) {}

Batch TensorDataset::gather(Indices indices) const {
  indices.check(operation, size());
  return {
      x_.dtype() == DType::uint8 ? gather_bytes_(x_, indices) : detail::gather_rows(x_, indices),
      y_.defined() ? detail::gather_targets(y_, indices) : Tensor()};
}

}  // namespace plumb::data
