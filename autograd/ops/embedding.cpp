#include "embedding.hpp"

#include "../../core/kernels/indexing.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "internal/linear_map.hpp"

namespace plumb {
namespace {

// The gradient of a weight of `shape`;  dg = the rows of dy, 0 at the padding
Variable gathered(const Variable& g, const Shape& shape, const Tensor& ids, std::int64_t padding) {
  const auto add_rows = [=, ids = Saved(ids)](const Tensor& g) {
    return detail::written(shape, g.dtype(), [&](Tensor& dw, Write mode) {
      kernel::index_select_into(dw, mode, g.reshape({ids.get().numel(), shape[1]}), 0, ids,
                                padding);
    });
  };
  const auto take_rows = [=, size = g.shape(), ids = Saved(ids)](const Tensor& h) {
    Tensor known = h;
    if (padding >= 0) {
      known = h.clone();
      known[padding].fill(0);
    }
    return kernel::index_select(known, 0, ids).reshape(size);
  };
  return detail::linear_map("embedding", g, add_rows, take_rows);
}

}  // namespace

// y = w[ids];  dw[i] = the sum of the g whose id is i, but 0 at the padding
Variable embedding(const Variable& weight, const Tensor& ids, std::optional<std::int64_t> padding) {
  const Profiled profiled("embedding");
  detail::check_defined("embedding", weight, ids);
  if (weight.rank() != 2) fail("embedding", "expected a weight [v, d], got ", weight.shape());
  const std::int64_t classes = weight.dim(0);
  if (padding && (*padding < 0 || *padding >= classes))
    fail("embedding", "padding ", *padding, " is out of range [0, ", classes, ")");
  kernel::check_indices("embedding", ids, classes);
  const Tensor flat = ids.reshape({ids.numel()});
  Shape shape = ids.shape();
  shape.push_back(weight.dim(1));
  Tensor y = kernel::index_select(weight.value(), 0, flat).reshape(shape);
  return record(
      "embedding", std::move(y), {weight},
      [flat = Saved(flat), padding = padding.value_or(-1)](const Tensor& g, Gradients& to) {
        to.write(
            0,
            [&](Tensor& dw, Write mode) {
              const Tensor rows = g.reshape({flat.get().numel(), dw.dim(1)});
              kernel::index_select_into(dw, mode, rows, 0, flat, padding);
            },
            [&](const Variable& g) { return gathered(g, to.shape(0), flat, padding); });
      });
}

}  // namespace plumb
