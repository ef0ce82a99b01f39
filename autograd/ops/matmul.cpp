#include "matmul.hpp"

#include "../../core/kernels/arithmetic.hpp"
#include "../../core/kernels/matmul.hpp"
#include "../record.hpp"

namespace plumb {
namespace {

// The rows of a tensor of any rank as a matrix.
Tensor as_rows(const Tensor& x) {
  if (x.rank() == 2) return x;
  const std::int64_t columns = x.dim(-1);
  return x.reshape({x.shape().numel(0, x.rank() - 1), columns});
}

}  // namespace

// y = A B with A = op(a), B = op(b);  dA = g B^T, dB = A^T g, each written the way a and b stand
Variable matmul(const Variable& a, const Variable& b, Transpose ta, Transpose tb) {
  const Profiled profiled("matmul");
  return record("matmul", kernel::matmul(a.value(), ta, b.value(), tb), {a, b},
                [a = saved_for(b, a), b = saved_for(a, b), ta, tb](const Tensor& g, Gradients& to) {
                  to.write(0, [&](Tensor& da, Write mode) {
                    if (ta == Transpose::no) {
                      kernel::matmul_into(da, mode, g, Transpose::no, b, flip(tb));
                    } else {
                      kernel::matmul_into(da, mode, b, tb, g, Transpose::yes);
                    }
                  });
                  to.write(1, [&](Tensor& db, Write mode) {
                    if (tb == Transpose::no) {
                      kernel::matmul_into(db, mode, a, flip(ta), g, Transpose::no);
                    } else {
                      kernel::matmul_into(db, mode, g, Transpose::yes, a, ta);
                    }
                  });
                });
}

// y = x w^T + bias;  dx = g w, dw = g^T x, dbias = sum of the rows of g
Variable linear(const Variable& x, const Variable& w, const Variable& bias) {
  const Profiled profiled("linear");
  const bool biased = bias.defined();
  Tensor y = kernel::linear(x.value(), w.value(), biased ? bias.value() : Tensor());
  auto rule = [x = Saved(w.requires_grad() ? as_rows(x.value()) : Tensor()), w = saved_for(x, w),
               biased](const Tensor& g, Gradients& to) {
    const Tensor rows = as_rows(g);
    to.write(0, [&](Tensor& dx, Write mode) {
      Tensor dx_rows = as_rows(dx);
      kernel::matmul_into(dx_rows, mode, rows, Transpose::no, w, Transpose::no);
    });
    to.write(1, [&](Tensor& dw, Write mode) {
      kernel::matmul_into(dw, mode, rows, Transpose::yes, x, Transpose::no);
    });
    if (biased) to.write(2, [&](Tensor& db, Write mode) { kernel::pass_into(db, mode, rows); });
  };
  if (biased) return record("linear", y, {x, w, bias}, std::move(rule));
  return record("linear", y, {x, w}, std::move(rule));
}

}  // namespace plumb
