#include "linalg.hpp"

#include <algorithm>
#include <climits>
#include <cmath>
#include <limits>
#include <new>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <xtensor-blas/xlinalg.hpp>

#include "../kernels/blas_call.hpp"
#include "../runtime/internal/fail.hpp"
#include "../runtime/profile.hpp"
#include "internal/dispatch.hpp"
#include "xtensor.hpp"

namespace plumb::linalg {
namespace {

// As LAPACK has it: one column after the other.
using Matrix = xt::xtensor<double, 2, xt::layout_type::column_major>;
using Vector = xt::xtensor<double, 1>;

void check_dtype(const char* operation, const Tensor& a) {
  if (!a.defined()) fail(operation, "the matrix is undefined");
  if (!is_floating(a.dtype())) fail(operation, "expected float32 or float64, got ", a.dtype());
}

// The first element that is NaN or infinite.
std::optional<double> first_not_finite(const Tensor& x) {
  return dispatch_floating("linalg", x.dtype(), [&](auto tag) -> std::optional<double> {
    const auto* value = x.data<typename decltype(tag)::type>();
    for (std::int64_t i = 0; i < x.numel(); ++i)
      if (!std::isfinite(value[i])) return value[i];
    return std::nullopt;
  });
}

void check_finite(const char* operation, const Tensor& x) {
  if (const auto value = first_not_finite(x))
    fail(operation, "expected finite elements, got ", *value, " in ", x.shape());
}

// LAPACK counts in 32 bits, the elements of its workspace too.
void check_counts(const char* operation, const Tensor& a, double workspace) {
  const auto side = static_cast<double>(std::max(a.dim(0), a.dim(1)));
  if (std::max(side, workspace) > INT_MAX)
    fail(operation, "a matrix ", a.shape(), " is too large for LAPACK, which counts in 32 bits");
}

// Not less than LAPACK asks for where it finds k singular values.
double svd_workspace(const Tensor& a) {
  const auto k = static_cast<double>(std::min(a.dim(0), a.dim(1)));
  return 5 * k * k + 256 * k;
}

void check_matrix(const char* operation, const Tensor& a) {
  check_dtype(operation, a);
  if (a.rank() != 2) fail(operation, "expected a matrix [m, n], got shape ", a.shape());
}

Matrix matrix_of(const Tensor& a) {
  if (a.dtype() == DType::float64) return as_xtensor<double, 2>(a);
  return as_xtensor<float, 2>(a);
}

// The values in the caller's dtype. What overflows here, or did in LAPACK, would be no result.
template <class E>
Tensor tensor_of(const char* operation, const E& values, DType dtype) {
  const Tensor x = from_xtensor(values).to(dtype);
  if (first_not_finite(x)) fail(operation, "a result is beyond the range of ", dtype);
  return x;
}

// What f makes of the matrix a with LAPACK. xtensor-blas throws where an iteration does not end.
template <class F>
auto compute(const char* operation, const Tensor& a, F&& f) {
  const kernel::BlasCall call(operation);
  try {
    return f(matrix_of(a));
  } catch (const std::bad_alloc&) {
    fail(operation, "no memory for ", a.shape());
  } catch (const Error&) {
    throw;
  } catch (const std::runtime_error&) {
    fail(operation, "no convergence for ", a.shape());
  }
}

// Whether column j has the wrong sign. The margin keeps rounding from deciding between magnitudes
// that are equal, as symmetric problems have them.
bool is_flipped(const Matrix& columns, std::size_t j) {
  const auto column = xt::view(columns, xt::all(), j);
  const double enough = 0.999 * xt::amax(xt::abs(column))();
  for (const double value : column)
    if (std::abs(value) >= enough) return value < 0;
  return false;
}

void check_symmetric(const char* operation, const Tensor& a) {
  dispatch_floating(operation, a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* value = a.data<T>();
    const std::int64_t n = a.dim(0);
    double largest = 0;
    for (std::int64_t i = 0; i < n * n; ++i)
      largest = std::max<double>(largest, std::abs(value[i]));
    const double tolerance = std::sqrt(double{std::numeric_limits<T>::epsilon()}) * largest;
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < i; ++j) {
        const double lower = value[i * n + j], upper = value[j * n + i];
        if (std::abs(lower / 2 - upper / 2) > tolerance / 2)  // the difference itself may overflow
          fail(operation, "expected a symmetric matrix, got ", upper, " at [", j, ", ", i, "] and ",
               lower, " at [", i, ", ", j, "]");
      }
  });
}

double epsilon(DType dtype) {
  return dtype == DType::float64 ? std::numeric_limits<double>::epsilon()
                                 : double{std::numeric_limits<float>::epsilon()};
}

}  // namespace

QR qr(const Tensor& a) {
  constexpr const char* name = "linalg::qr";
  check_matrix(name, a);
  check_counts(name, a, 64 * static_cast<double>(a.dim(1)));
  check_finite(name, a);
  const Profiled profiled(name);
  const std::int64_t k = std::min(a.dim(0), a.dim(1));
  if (k == 0)
    return {Tensor::empty({a.dim(0), 0}, a.dtype()), Tensor::empty({0, a.dim(1)}, a.dtype())};
  auto [q, r] = compute(name, a, [](const Matrix& m) {
    auto [orthogonal, triangle] = xt::linalg::qr(m);
    return std::pair<Matrix, Matrix>(orthogonal, triangle);
  });
  for (std::size_t i = 0; i < static_cast<std::size_t>(k); ++i)
    if (r(i, i) < 0) {
      xt::view(q, xt::all(), i) *= -1;
      xt::view(r, i, xt::range(i, a.dim(1))) *= -1;  // what stands before it is 0 and stays +0
    }
  return {tensor_of(name, q, a.dtype()), tensor_of(name, r, a.dtype())};
}

Eigh eigh(const Tensor& a) {
  constexpr const char* name = "linalg::eigh";
  check_matrix(name, a);
  if (a.dim(0) != a.dim(1)) fail(name, "expected a square matrix, got shape ", a.shape());
  const auto n = static_cast<double>(a.dim(0));
  check_counts(name, a, 1 + 6 * n + 2 * n * n);
  check_finite(name, a);
  check_symmetric(name, a);
  const Profiled profiled(name);
  if (a.dim(0) == 0) return {Tensor::empty({0}, a.dtype()), Tensor::empty({0, 0}, a.dtype())};
  auto [values, vectors] = compute(name, a, [](const Matrix& m) { return xt::linalg::eigh(m); });
  for (std::size_t j = 0; j < vectors.shape(1); ++j)
    if (is_flipped(vectors, j)) xt::view(vectors, xt::all(), j) *= -1;
  return {tensor_of(name, values, a.dtype()), tensor_of(name, vectors, a.dtype())};
}

SVD svd(const Tensor& a) {
  constexpr const char* name = "linalg::svd";
  check_matrix(name, a);
  check_counts(name, a, svd_workspace(a));
  check_finite(name, a);
  const Profiled profiled(name);
  if (a.numel() == 0)
    return {Tensor::empty({a.dim(0), 0}, a.dtype()), Tensor::empty({0}, a.dtype()),
            Tensor::empty({0, a.dim(1)}, a.dtype())};
  auto [u, s, vt] = compute(name, a, [](const Matrix& m) { return xt::linalg::svd(m, false); });
  for (std::size_t j = 0; j < s.size(); ++j)
    if (is_flipped(u, j)) {
      xt::view(u, xt::all(), j) *= -1;
      xt::view(vt, j, xt::all()) *= -1;
    }
  return {tensor_of(name, u, a.dtype()), tensor_of(name, s, a.dtype()),
          tensor_of(name, vt, a.dtype())};
}

LeastSquares lstsq(const Tensor& a, const Tensor& b, std::optional<double> rcond) {
  constexpr const char* name = "linalg::lstsq";
  check_matrix(name, a);
  check_dtype(name, b);
  if (b.dtype() != a.dtype()) fail(name, "the dtypes differ: ", a.dtype(), " and ", b.dtype());
  if ((b.rank() != 1 && b.rank() != 2) || b.dim(0) != a.dim(0))
    fail(name, "expected b of shape [", a.dim(0), "] or [", a.dim(0), ", k], got ", b.shape());
  if (rcond && !(*rcond >= 0 && *rcond < 1)) fail(name, "rcond must be in [0, 1), got ", *rcond);
  const std::int64_t m = a.dim(0), n = a.dim(1), columns = b.rank() == 1 ? 1 : b.dim(1);
  check_counts(
      name, a,
      svd_workspace(a) + static_cast<double>(std::max(m, n)) * static_cast<double>(columns));
  check_finite(name, a);
  check_finite(name, b);
  const Profiled profiled(name);
  const Shape shape = b.rank() == 1 ? Shape{n} : Shape{n, columns};
  if (a.numel() == 0)
    return {Tensor::zeros(shape, a.dtype()), 0, Tensor::zeros({std::min(m, n)}, a.dtype())};

  const double rounding = epsilon(a.dtype()) * static_cast<double>(std::max(m, n));
  // To LAPACK 0 means its own choice.
  const double limit = std::max(rcond.value_or(rounding), std::numeric_limits<double>::min());
  // dgelsd puts x where b was, so there is room for both, and wants at least one column.
  // xt::linalg::lstsq does not look whether it converged.
  auto [x, rank, singular_values] = compute(name, a, [&](Matrix matrix) {
    const Matrix right = matrix_of(b.reshape({m, columns}));
    Matrix both = xt::zeros<double>({std::max(m, n), std::max<std::int64_t>(columns, 1)});
    for (std::size_t j = 0; j < right.shape(1); ++j)
      std::copy_n(&right(0, j), right.shape(0), &both(0, j));
    Vector s = xt::zeros<double>({std::min(m, n)});
    xt::blas_index_t found = 0;
    if (xt::lapack::gelsd(matrix, both, s, found, limit) != 0)
      fail(name, "no convergence for ", a.shape());
    Matrix solution = xt::view(both, xt::range(0, n), xt::range(0, columns));
    return std::make_tuple(std::move(solution), std::int64_t{found}, std::move(s));
  });
  return {tensor_of(name, x, a.dtype()).reshape(shape), rank,
          tensor_of(name, singular_values, a.dtype())};
}

}  // namespace plumb::linalg
