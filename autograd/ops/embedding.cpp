#include "embedding.hpp"

#include "../../core/kernels/indexing.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../record.hpp"

namespace plumb {

// y = w[ids];  dw[i] = the sum of the g whose id is i, but 0 at the padding
Variable embedding(const Variable& weight, const Tensor& ids, std::optional<std::int64_t> padding) {
  const Profiled profiled("embedding");
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
        to.write(0, [&](Tensor& dw, Write mode) {
          const Tensor rows = g.reshape({flat.get().numel(), dw.dim(1)});
          kernel::index_select_into(dw, mode, rows, 0, flat, padding);
        });
      });
}

}  // namespace plumb
