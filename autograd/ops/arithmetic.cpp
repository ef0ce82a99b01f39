#include "arithmetic.hpp"

#include "../../core/kernels/arithmetic.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "comparison.hpp"
#include "internal/linear_map.hpp"
#include "math.hpp"

namespace plumb {
namespace {

using detail::sum_to;
using V = const Variable&;

// The gradient of an operand is g, summed over the axes along which the operand was broadcast.
void pass_on(Gradients& to, std::size_t input, const Tensor& g, const Shape& shape) {
  if (to.recorded()) return to.give(input, sum_to(to.gradient(g), shape));
  if (g.shape() == shape) return to.give(input, g);
  to.write(input, [&](Tensor& dx, Write mode) { kernel::pass_into(dx, mode, g); });
}

void pass_on_scaled(Gradients& to, std::size_t input, const Tensor& g, double factor) {
  to.write(
      input, [&](Tensor& dx, Write mode) { kernel::scale_into(dx, mode, g, factor); },
      [&](V g) { return sum_to(g * factor, to.shape(input)); });
}

// b a^(b-1), and 0 for a = b = 0
Variable slope_of_base(const Variable& a, const Variable& b) {
  return b * pow(a, masked_fill(b - 1.0, equal(a, 0) * equal(b, 0), 0));
}

// a^b log a, and 0 for a = 0 and b >= 0
Variable slope_of_exponent(const Variable& a, const Variable& b) {
  return pow(a, b) * log(masked_fill(a, equal(a.value(), 0) * (b.value() >= 0), 1));
}

// 1 where a > b, 1/2 where they are equal, else 0
Tensor share_of_greater(const Tensor& a, const Tensor& b) {
  return (a > b).to(a.dtype()) + 0.5 * equal(a, b).to(a.dtype());
}

Tensor zero(const Variable& like) { return Tensor::zeros({}, like.dtype()); }

}  // namespace

// y = a + b;  da = g, db = g
Variable add(const Variable& a, const Variable& b) {
  const Profiled profiled("add");
  detail::check_defined("add", a, b);
  return record("add", kernel::add(a.value(), b.value()), {a, b},
                [a = a.shape(), b = b.shape()](const Tensor& g, Gradients& to) {
                  pass_on(to, 0, g, a);
                  pass_on(to, 1, g, b);
                });
}

// y = a + number;  da = g
Variable add(const Variable& a, double b) {
  const Profiled profiled("add");
  detail::check_defined("add", a);
  return record("add", kernel::add(a.value(), b), {a},
                [a = a.shape()](const Tensor& g, Gradients& to) { pass_on(to, 0, g, a); });
}

// y = a - b;  da = g, db = -g
Variable sub(const Variable& a, const Variable& b) {
  const Profiled profiled("sub");
  detail::check_defined("sub", a, b);
  return record("sub", kernel::subtract(a.value(), b.value()), {a, b},
                [a = a.shape()](const Tensor& g, Gradients& to) {
                  pass_on(to, 0, g, a);
                  pass_on_scaled(to, 1, g, -1);
                });
}

// y = a b;  da = g b, db = g a
Variable mul(const Variable& a, const Variable& b) {
  const Profiled profiled("mul");
  detail::check_defined("mul", a, b);
  return record("mul", kernel::multiply(a.value(), b.value()), {a, b},
                [a = saved_for(b, a), b = saved_for(a, b)](const Tensor& g, Gradients& to) {
                  to.write(
                      0, [&](Tensor& da, Write mode) { kernel::multiply_into(da, mode, g, b); },
                      [&](V g) { return sum_to(g * to.input(1, b), to.shape(0)); });
                  to.write(
                      1, [&](Tensor& db, Write mode) { kernel::multiply_into(db, mode, g, a); },
                      [&](V g) { return sum_to(g * to.input(0, a), to.shape(1)); });
                });
}

// y = number a;  da = number g
Variable mul(const Variable& a, double b) {
  const Profiled profiled("mul");
  detail::check_defined("mul", a);
  return record("mul", kernel::multiply(a.value(), b), {a},
                [b](const Tensor& g, Gradients& to) { pass_on_scaled(to, 0, g, b); });
}

// y = a / b;  da = g / b, db = -g y / b
Variable div(const Variable& a, const Variable& b) {
  const Profiled profiled("div");
  detail::check_defined("div", a, b);
  Tensor y = kernel::divide(a.value(), b.value());
  return record(
      "div", y, {a, b},
      [y = Saved(b.requires_grad() ? y : Tensor()), b = Saved(b)](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& da, Write mode) { kernel::divide_into(da, mode, g, b); },
            [&](V g) { return sum_to(g / to.input(1, b), to.shape(0)); });
        to.write(
            1, [&](Tensor& db, Write mode) { kernel::divisor_into(db, mode, g, y, b); },
            [&](V g) { return sum_to(-g * to.result(y) / to.input(1, b), to.shape(1)); });
      });
}

// y = a / number;  da = g / number
Variable div(const Variable& a, double b) {
  const Profiled profiled("div");
  detail::check_defined("div", a);
  return record("div", kernel::divide(a.value(), b), {a}, [b](const Tensor& g, Gradients& to) {
    to.write(
        0, [&](Tensor& da, Write mode) { kernel::divide_into(da, mode, g, b); },
        [&](V g) { return g / b; });
  });
}

// y = number / b;  db = -g y / b
Variable div(double a, const Variable& b) {
  const Profiled profiled("div");
  detail::check_defined("div", b);
  Tensor y = kernel::divide(a, b.value());
  return record("div", y, {b}, [y = Saved(y), b = Saved(b)](const Tensor& g, Gradients& to) {
    to.write(
        0, [&](Tensor& db, Write mode) { kernel::divisor_into(db, mode, g, y, b); },
        [&](V g) { return -g * to.result(y) / to.input(0, b); });
  });
}

// y = -x;  dx = -g
Variable neg(const Variable& x) { return mul(x, -1.0); }

// y = a^b;  da = g b a^(b-1), db = g a^b log a
Variable pow(const Variable& a, const Variable& b) {
  const Profiled profiled("pow");
  detail::check_defined("pow", a, b);
  return record(
      "pow", kernel::power(a.value(), b.value()), {a, b},
      [a = Saved(a), b = Saved(b)](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& da, Write mode) { kernel::base_into(da, mode, g, a, b); },
            [&](V g) {
              return sum_to(g * slope_of_base(to.input(0, a), to.input(1, b)), to.shape(0));
            });
        to.write(
            1, [&](Tensor& db, Write mode) { kernel::exponent_into(db, mode, g, a, b); },
            [&](V g) {
              return sum_to(g * slope_of_exponent(to.input(0, a), to.input(1, b)), to.shape(1));
            });
      });
}

// y = a^number;  da = g number a^(number-1)
Variable pow(const Variable& a, double b) {
  const Profiled profiled("pow");
  detail::check_defined("pow", a);
  return record("pow", kernel::power(a.value(), b), {a},
                [a = Saved(a), b](const Tensor& g, Gradients& to) {
                  to.write(
                      0, [&](Tensor& da, Write mode) { kernel::base_into(da, mode, g, a, b); },
                      [&](V g) { return b == 0 ? g * 0.0 : g * (b * pow(to.input(0, a), b - 1)); });
                });
}

// y = max(a, b);  da = g [a > b] + g/2 [a = b], db likewise
Variable maximum(const Variable& a, const Variable& b) {
  const Profiled profiled("maximum");
  detail::check_defined("maximum", a, b);
  return record("maximum", kernel::maximum(a.value(), b.value()), {a, b},
                [a = Saved(a), b = Saved(b)](const Tensor& g, Gradients& to) {
                  to.write(
                      0, [&](Tensor& da, Write mode) { kernel::greater_into(da, mode, g, a, b); },
                      [&](V g) { return sum_to(g * share_of_greater(a, b), to.shape(0)); });
                  to.write(
                      1, [&](Tensor& db, Write mode) { kernel::greater_into(db, mode, g, b, a); },
                      [&](V g) { return sum_to(g * share_of_greater(b, a), to.shape(1)); });
                });
}

// y = min(a, b);  da = g [a < b] + g/2 [a = b], db likewise
Variable minimum(const Variable& a, const Variable& b) {
  const Profiled profiled("minimum");
  detail::check_defined("minimum", a, b);
  return record("minimum", kernel::minimum(a.value(), b.value()), {a, b},
                [a = Saved(a), b = Saved(b)](const Tensor& g, Gradients& to) {
                  to.write(
                      0, [&](Tensor& da, Write mode) { kernel::greater_into(da, mode, g, b, a); },
                      [&](V g) { return sum_to(g * share_of_greater(b, a), to.shape(0)); });
                  to.write(
                      1, [&](Tensor& db, Write mode) { kernel::greater_into(db, mode, g, a, b); },
                      [&](V g) { return sum_to(g * share_of_greater(a, b), to.shape(1)); });
                });
}

// y = c ? a : b;  da = g [c], db = g [not c]
Variable where(const Tensor& condition, const Variable& a, const Variable& b) {
  const Profiled profiled("where");
  detail::check_defined("where", condition, a, b);
  return record("where", kernel::where(condition, a.value(), b.value()), {a, b},
                [c = Saved(condition)](const Tensor& g, Gradients& to) {
                  to.write(
                      0, [&](Tensor& da, Write mode) { kernel::select_into(da, mode, g, c, true); },
                      [&](V g) { return sum_to(where(c, g, zero(g)), to.shape(0)); });
                  to.write(
                      1,
                      [&](Tensor& db, Write mode) { kernel::select_into(db, mode, g, c, false); },
                      [&](V g) { return sum_to(where(c, zero(g), g), to.shape(1)); });
                });
}

// y = m ? value : x;  dx = g [not m]
Variable masked_fill(const Variable& x, const Tensor& mask, double value) {
  const Profiled profiled("masked_fill");
  detail::check_defined("masked_fill", x, mask);
  if (mask.dtype() != DType::uint8)
    fail("masked_fill", "expected a mask of uint8, got ", mask.dtype());
  check_number("masked_fill", value, x.dtype());
  broadcast("masked_fill", x.shape(), mask.shape());
  Tensor y = kernel::where(mask, Tensor::scalar(value, x.dtype()), x.value());
  return record(
      "masked_fill", std::move(y), {x}, [m = Saved(mask)](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& dx, Write mode) { kernel::select_into(dx, mode, g, m, false); },
            [&](V g) { return sum_to(masked_fill(g, m, 0), to.shape(0)); });
      });
}

}  // namespace plumb
