#include "dataset.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "../core/runtime/internal/fail.hpp"

namespace plumb::data {
namespace {

// x [n, steps, ...] without what stands behind the first `steps` of each row.
Tensor cut(const Tensor& x, std::int64_t steps) {
  std::vector<std::int64_t> sizes(x.shape().begin(), x.shape().end());
  sizes[1] = steps;
  Tensor y = Tensor::empty(Shape(sizes), x.dtype());
  if (y.numel() == 0) return y;
  const std::size_t row = y.bytes() / static_cast<std::size_t>(y.dim(0));
  const std::size_t whole = x.bytes() / static_cast<std::size_t>(x.dim(0));
  for (std::size_t i = 0; i < static_cast<std::size_t>(y.dim(0)); ++i)
    std::memcpy(y.mutable_raw() + i * row, x.raw() + i * whole, row);
  return y;
}

}  // namespace

Batch Batch::rows(std::int64_t begin, std::int64_t end) const {
  const std::int64_t last = first + (x.defined() ? x.dim(0) : 0);
  if (whole >= 0 && begin < end && (begin < first || end > last))
    fail("Batch", "samples [", begin, ", ", end, ") of ", whole,
         " are needed, the loader has gathered [", first, ", ", last,
         "): its part must be that of the DataParallel that uses it, parallel.part()");
  const auto part = [&](const Tensor& from) {
    return from.defined() ? from.rows(begin - first, end - first) : Tensor();
  };
  return {part(x), part(y), part(lengths), y_has_steps};
}

Batch Batch::part(std::int64_t begin, std::int64_t end) const {
  Batch batch = rows(begin, end);
  if (!batch.lengths.defined() || batch.x.dim(0) == 0) return batch;
  const std::int64_t* steps = batch.lengths.data<std::int64_t>();
  const auto [shortest, longest] = std::minmax_element(steps, steps + batch.lengths.numel());
  const std::int64_t all = batch.x.dim(1), left = *longest;
  if (left < all) {
    if (batch.y_has_steps) batch.y = cut(batch.y, left);
    batch.x = cut(batch.x, left);
  }
  if (*shortest == left) batch.lengths = Tensor();
  return batch;
}

void Indices::check(std::string_view operation, std::int64_t samples) const {
  for (const std::int64_t index : *this)
    if (index < 0 || index >= samples)
      fail(operation, "sample ", index, " is out of range [0, ", samples, ")");
}

std::vector<std::int64_t> all_indices(std::int64_t samples) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(samples));
  std::iota(indices.begin(), indices.end(), std::int64_t{0});
  return indices;
}

Batch Dataset::gather_in_epoch(Indices indices, std::int64_t) const { return gather(indices); }

}  // namespace plumb::data
