#include "norm_parts.hpp"

#include <cmath>

#include "../../../core/kernels/arithmetic.hpp"
#include "../../../core/kernels/layout.hpp"
#include "../../../core/kernels/math.hpp"
#include "../../../core/runtime/internal/fail.hpp"
#include "../../../core/tensor/internal/defined.hpp"
#include "../../../core/tensor/operators.hpp"

namespace plumb::detail {

void check_norm_input(const char* operation, const Variable& x, double eps) {
  check_defined(operation, x);
  if (!is_floating(x.dtype())) fail(operation, "expected float32 or float64, got ", x.dtype());
  if (!(eps >= 0 && std::isfinite(eps))) fail(operation, "eps must be in [0, inf), got ", eps);
}

void check_norm_channels(const char* operation, const Variable& x) {
  if (x.rank() < 2) fail(operation, "expected input [n, c, ...], got ", x.shape());
}

void check_norm_shape(const char* operation, const char* name, const Tensor& p,
                      const Shape& expected, const Variable& x) {
  if (!p.defined()) return;
  if (p.shape() != expected)
    fail(operation, "input ", x.shape(), " needs a ", name, " ", expected, ", got ", p.shape());
  if (p.dtype() != x.dtype())
    fail(operation, "input of ", x.dtype(), " needs a ", name, " of ", x.dtype(), ", got ",
         p.dtype());
}

void check_affine(const char* operation, const Variable& weight, const Variable& bias,
                  const Shape& expected, const Variable& x) {
  if (weight.defined()) check_norm_shape(operation, "weight", weight.value(), expected, x);
  if (bias.defined()) check_norm_shape(operation, "bias", bias.value(), expected, x);
}

Tensor in_double(const Variable& p, const Shape& shape, double otherwise) {
  if (!p.defined()) return Tensor::full(shape, otherwise, DType::float64);
  const Tensor& value = p.value();
  return (value.dtype() == DType::float64 ? value.clone() : value.to(DType::float64))
      .reshape(shape);
}

Tensor inverse_deviation(const Tensor& variance, double eps) {
  return 1.0 / kernel::sqrt(variance + eps);
}

void write_sums(Gradients& to, std::size_t input, const Tensor& sums) {
  to.write(input, [&](Tensor& dp, Write mode) {
    kernel::pass_into(dp, mode, sums.to(dp.dtype()).reshape(dp.shape()));
  });
}

}  // namespace plumb::detail
