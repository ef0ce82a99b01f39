#include "matmul.hpp"

#include "../../core/kernels/arithmetic.hpp"
#include "../../core/kernels/math.hpp"
#include "../../core/kernels/matmul/matmul.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "internal/unary.hpp"
#include "reduction.hpp"
#include "shape.hpp"

namespace plumb {
namespace {

// The gradients of linear.
class LinearRule {
 public:
  LinearRule(const Variable& x, const Variable& w, const Variable& bias)
      : x_(saved_for(w, x)), w_(saved_for(x, w)), biased_(bias.defined()) {}

  void operator()(const Tensor& g, Gradients& to) const {
    if (to.recorded()) return give(to.gradient(g), to);
    to.write(0, [&](Tensor& dx, Write mode) { kernel::linear_input_into(dx, mode, g, w_); });
    to.write(1, [&](Tensor& dw, Write mode) { kernel::linear_weight_into(dw, mode, g, x_); });
    if (biased_) to.write(2, [&](Tensor& db, Write mode) { kernel::pass_into(db, mode, g); });
  }

  // The same from operations on variables.
  void give(const Variable& g, Gradients& to) const {
    const Variable rows = as_rows(g);
    if (to.needs(0)) to.give(0, reshape(matmul(rows, to.input(1, w_)), to.shape(0)));
    if (to.needs(1))
      to.give(1, matmul(rows, as_rows(to.input(0, x_)), Transpose::yes, Transpose::no));
    if (biased_ && to.needs(2)) to.give(2, sum(rows, 0));
  }

 private:
  // [..., d] as [rows, d].
  static Variable as_rows(const Variable& x) {
    return reshape(x, {x.shape().numel(0, x.rank() - 1), x.dim(-1)});
  }

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
  detail::check_defined("matmul", a, b);
  return record(
      "matmul", kernel::matmul(a.value(), ta, b.value(), tb), {a, b},
      [a = saved_for(b, a), b = saved_for(a, b), ta, tb](const Tensor& g, Gradients& to) {
        to.write(
            0,
            [&](Tensor& da, Write mode) {
              if (ta == Transpose::no) {
                kernel::matmul_into(da, mode, g, Transpose::no, b, flip(tb));
              } else {
                kernel::matmul_into(da, mode, b, tb, g, Transpose::yes);
              }
            },
            [&](const Variable& g) {
              const Variable other = to.input(1, b);
              return detail::sum_to(ta == Transpose::no ? matmul(g, other, Transpose::no, flip(tb))
                                                        : matmul(other, g, tb, Transpose::yes),
                                    to.shape(0));
            });
        to.write(
            1,
            [&](Tensor& db, Write mode) {
              if (tb == Transpose::no) {
                kernel::matmul_into(db, mode, a, flip(ta), g, Transpose::no);
              } else {
                kernel::matmul_into(db, mode, g, Transpose::yes, a, ta);
              }
            },
            [&](const Variable& g) {
              const Variable other = to.input(0, a);
              return detail::sum_to(tb == Transpose::no ? matmul(other, g, flip(ta), Transpose::no)
                                                        : matmul(g, other, Transpose::yes, ta),
                                    to.shape(1));
            });
      });
}

// y = x w^T + bias;  dx = g w, dw = g^T x, dbias = sum of the rows of g
Variable linear(const Variable& x, const Variable& w, const Variable& bias) {
  const Profiled profiled("linear");
  detail::check_defined("linear", x, w);
  return record_linear("linear", forward_linear(x, w, bias, kernel::Activation::none), x, w, bias,
                       LinearRule(x, w, bias));
}

// y = max(x w^T + bias, 0);  those of linear, of g [y > 0]
Variable linear_relu(const Variable& x, const Variable& w, const Variable& bias) {
  const Profiled profiled("linear_relu");
  detail::check_defined("linear_relu", x, w);
  Tensor y = forward_linear(x, w, bias, kernel::Activation::relu);
  return record_linear(
      "linear_relu", y, x, w, bias,
      [linear = LinearRule(x, w, bias), y = Saved(y)](const Tensor& g, Gradients& to) {
        if (to.recorded())
          return linear.give(detail::straight("relu", kernel::relu_into)(to.gradient(g), y.get()),
                             to);
        // In the memory of g where nobody else holds it.
        Tensor passed = g.unique() ? g : Tensor::empty(g.shape(), g.dtype());
        kernel::relu_into(passed, Write::overwrite, g, y);
        linear(passed, to);
      });
}

}  // namespace plumb
