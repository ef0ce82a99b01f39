#include "concatenation.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "../core/runtime/internal/fail.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "Concatenation";

void check_alike(const char* name, const Tensor& first, const Tensor& other, std::int64_t part) {
  if (!first.defined() && !other.defined()) return;
  const auto describe = [](const Tensor& x) {
    return x.defined() ? text(x.shape(), " of ", x.dtype()) : text("none");
  };
  if (describe(first) != describe(other))
    fail(operation, "a sample's ", name, " is ", describe(other), " in part ", part, ", ",
         describe(first), " before");
}

// Row i of `rows` becomes row places[i] of `to`, which is made with `count` rows when undefined.
void scatter_rows(Tensor& to, const Tensor& rows, const std::vector<std::int64_t>& places,
                  std::int64_t count) {
  if (!rows.defined()) return;
  if (!to.defined()) {
    Shape shape = rows.shape();
    shape[0] = count;
    to = Tensor::empty(shape, rows.dtype());
  }
  const std::size_t row = rows.bytes() / places.size();
  if (row * static_cast<std::size_t>(count) != to.bytes() || rows.dtype() != to.dtype())
    fail(operation, "samples differ: ", rows.shape(), " of ", rows.dtype(), " and ", to.shape(),
         " of ", to.dtype());
  std::byte* bytes = to.mutable_raw();
  for (std::size_t i = 0; i < places.size(); ++i)
    std::memcpy(bytes + static_cast<std::size_t>(places[i]) * row, rows.raw() + i * row, row);
}

}  // namespace

Concatenation::Concatenation(std::vector<std::shared_ptr<const Dataset>> parts)
    : parts_(std::move(parts)) {
  if (parts_.empty()) fail(operation, "expected at least one dataset");
  Batch first;
  std::int64_t end = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const std::int64_t number = static_cast<std::int64_t>(i);
    if (!parts_[i]) fail(operation, "dataset ", number, " is null");
    const std::int64_t size = parts_[i]->size();
    if (size > 0) {
      const Batch sample = parts_[i]->gather({0});
      if (end == 0) first = sample;
      check_alike("x", first.x, sample.x, number);
      check_alike("y", first.y, sample.y, number);
    }
    ends_.push_back(end += size);
  }
}

template <class Gather>
Batch Concatenation::join(Indices indices, const Gather& gather) const {
  indices.check(operation, size());
  struct Share {
    std::vector<std::int64_t> indices, places;
  };
  std::vector<Share> shares(parts_.size());
  for (std::int64_t i = 0; i < indices.size(); ++i) {
    const auto part = std::upper_bound(ends_.begin(), ends_.end(), indices[i]) - ends_.begin();
    shares[part].indices.push_back(indices[i] - (part > 0 ? ends_[part - 1] : 0));
    shares[part].places.push_back(i);
  }
  Batch batch;
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    const Share& share = shares[part];
    if (share.indices.empty()) continue;
    if (share.places.size() == static_cast<std::size_t>(indices.size()))
      return gather(*parts_[part], share.indices);
    const Batch rows = gather(*parts_[part], share.indices);
    scatter_rows(batch.x, rows.x, share.places, indices.size());
    scatter_rows(batch.y, rows.y, share.places, indices.size());
    batch.y_has_steps = rows.y_has_steps;
    if (rows.lengths.defined() && !batch.lengths.defined())
      batch.lengths =
          Tensor::full({indices.size()}, static_cast<double>(rows.x.dim(1)), DType::int64);
    scatter_rows(batch.lengths, rows.lengths, share.places, indices.size());
  }
  if (indices.size() == 0) return gather(*parts_.front(), indices);
  return batch;
}

Batch Concatenation::gather(Indices indices) const {
  return join(indices, [](const Dataset& part, Indices chosen) { return part.gather(chosen); });
}

Batch Concatenation::gather_in_epoch(Indices indices, std::int64_t epoch) const {
  return join(indices, [epoch](const Dataset& part, Indices chosen) {
    return part.gather_in_epoch(chosen, epoch);
  });
}

}  // namespace plumb::data
