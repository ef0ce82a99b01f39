#include "matmul.hpp"

#include "../../core/kernels/arithmetic.hpp"
#include "../../core/kernels/math.hpp"
#include "../../core/kernels/matmul/matmul.hpp"
#include "../record.hpp"

namespace plumb {
namespace {

// The gradients of linear.
class LinearRule {
 public:
  LinearRule(const Variable& x, const Variable& w, const Variable& bias)
      : x_(saved_for(w, x)), w_(saved_for(x, w)), biased_(bias.defined()) {}

  void operator()(const Tensor& g, Gradients& to) const {
    to.write(0, [&](Tensor& dx, Write mode) { kernel::linear_input_into(dx, mode, g, w_); });
    to.write(1, [&](Tensor& dw, Write mode) { kernel::linear_weight_into(dw, mode, g, x_); });
    if (biased_) to.write(2, [&](Tensor& db, Write mode) { kernel::pass_into(db, mode, g); });
  }

 private:
  Saved x_, w_;
  bool biased_;
};

Tensor forward_linear(const Variable& x, const Variable& w, const Variable& bias,
                      kernel::Activation activation) {
  const Tensor unbiased;
  return kernel::linear(x.value(), w.value(), bias.defined() ? bias.value() : unbiased, activation);
}

template <class Rule>
Variable record_linear(const char* operation, Tensor y, const Variable& x, const Variable& w,
                       const Variable& bias, Rule&& rule) {
  if (bias.defined()) return record(operation, std::move(y), {x, w, bias}, std::move(rule));
  return record(operation, std::move(y), {x, w}, std::move(rule));
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
  return record_linear("linear", forward_linear(x, w, bias, kernel::Activation::none), x, w, bias,
                       LinearRule(x, w, bias));
}

// y = max(x w^T + bias, 0);  those of linear, of g [y > 0]
Variable linear_relu(const Variable& x, const Variable& w, const Variable& bias) {
  const Profiled profiled("linear_relu");
  Tensor y = forward_linear(x, w, bias, kernel::Activation::relu);
  return record_linear(
      "linear_relu", y, x, w, bias,
      [linear = LinearRule(x, w, bias), y = Saved(y)](const Tensor& g, Gradients& to) {
        // In the memory of g where nobody else holds it.
        Tensor passed = g.unique() ? g : Tensor::empty(g.shape(), g.dtype());
        kernel::relu_into(passed, Write::overwrite, g, y);
        linear(passed, to);
      });
}

}  // namespace plumb
