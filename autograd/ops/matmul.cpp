#include "matmul.hpp"

#include "../../core/kernels/arithmetic.hpp"
#include "../../core/kernels/matmul.hpp"
#include "../record.hpp"

namespace plumb {

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
  const Tensor unbiased;
  Tensor y = kernel::linear(x.value(), w.value(), biased ? bias.value() : unbiased);
  auto rule = [x = saved_for(w, x), w = saved_for(x, w), biased](const Tensor& g, Gradients& to) {
    to.write(0, [&](Tensor& dx, Write mode) { kernel::linear_input_into(dx, mode, g, w); });
    to.write(1, [&](Tensor& dw, Write mode) { kernel::linear_weight_into(dw, mode, g, x); });
    if (biased) to.write(2, [&](Tensor& db, Write mode) { kernel::pass_into(db, mode, g); });
  };
  if (biased) return record("linear", std::move(y), {x, w, bias}, std::move(rule));
  return record("linear", std::move(y), {x, w}, std::move(rule));
}

}  // namespace plumb
