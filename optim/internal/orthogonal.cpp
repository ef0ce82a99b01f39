#include "orthogonal.hpp"

#include <cmath>
#include <utility>

#include "../../core/kernels/matmul/matmul.hpp"
#include "../../core/simd/loops.hpp"
#include "element_sums.hpp"

namespace plumb::optim {
namespace {

// The polynomial a s + b s^3 + c s^5 that each singular value s goes through (Jordan et al. 2024):
// steep at 0, so that small ones grow fast.
constexpr double a = 3.4445, b = -4.7750, c = 2.0315;

void scale(Tensor& x, double factor) {
  kernel::map_into(
      x, Write::overwrite, [=](auto value) PLUMB_INLINE { return decltype(value)(factor) * value; },
      x);
}

}  // namespace

void orthogonalize(Tensor& x, int steps) {
  const std::int64_t rows = x.dim(0), columns = x.dim(1), side = std::min(rows, columns);
  scale(x, 1 / (std::sqrt(sum_of_squares(x)) + 1e-7));
  // A = X X^T or X^T X, the smaller of the two.
  const bool wide = rows <= columns;
  const Transpose left = wide ? Transpose::no : Transpose::yes, right = flip(left);
  Tensor square = Tensor::empty({side, side}, x.dtype());
  Tensor polynomial = Tensor::empty({side, side}, x.dtype());
  Tensor product = Tensor::empty(x.shape(), x.dtype());
  for (int step = 0; step < steps; ++step) {
    kernel::matmul_into(square, Write::overwrite, x, left, x, right);
    kernel::matmul_into(polynomial, Write::overwrite, square, Transpose::no, square, Transpose::no);
    kernel::map_into(
        polynomial, Write::overwrite,
        [](auto of_square, auto of_fourth) PLUMB_INLINE {
          using T = decltype(of_square);
          return T(b) * of_square + T(c) * of_fourth;
        },
        square, polynomial);
    if (wide)
      kernel::matmul_into(product, Write::overwrite, polynomial, Transpose::no, x, Transpose::no);
    else
      kernel::matmul_into(product, Write::overwrite, x, Transpose::no, polynomial, Transpose::no);
    kernel::map_into(
        x, Write::overwrite,
        [](auto value, auto change) PLUMB_INLINE { return decltype(value)(a) * value + change; }, x,
        product);
  }
}

}  // namespace plumb::optim
