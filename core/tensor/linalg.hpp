// Linear algebra beyond products: QR, symmetric eigenvectors, singular values, least squares.
#pragma once

#include <cstdint>
#include <optional>

#include "tensor.hpp"

/// Decompositions of one matrix, float32 or float64. They compute in float64 and return the dtype
/// that came in. Signs follow a rule, so results repeat: the same bits from the same binary and
/// processor, for any number of threads (one computes). No gradients. Matrices without elements
/// work.
///
/// All throw for other dtypes and ranks, for elements that are NaN or infinite (stricter than
/// PyTorch), for matrices too large for LAPACK's 32-bit counts, for results beyond the range of the
/// dtype, and where LAPACK's iteration does not converge.
namespace plumb::linalg {

/// a = q r.
struct QR {
  Tensor q;  ///< [m, k], k = min(m, n): columns of length 1, at right angles to each other.
  Tensor r;  ///< [k, n]: 0 below the diagonal; the diagonal is not negative.
};
/// Of a [m, n], by Householder reflections. The sign of the diagonal makes q and r unique where a
/// has full rank; PyTorch and NumPy leave it as it comes.
QR qr(const Tensor& a);

/// a = vectors diag(values) vectors^T.
struct Eigh {
  Tensor values;   ///< [n], ascending, as in PyTorch and NumPy.
  Tensor vectors;  ///< [n, n]: column j belongs to values[j]; columns as in QR::q.
};
/// Of a symmetric a [n, n]. In each vector the first element that is within 0.1 % of the largest
/// magnitude is positive. Vectors of equal values are one basis of their space out of many. Reads
/// the lower triangle; throws where the upper one differs from it by more than the square root of
/// the dtype's epsilon times the largest magnitude (PyTorch does not look).
Eigh eigh(const Tensor& a);

/// a = u diag(s) vt.
struct SVD {
  Tensor u;   ///< [m, k], k = min(m, n): columns as in QR::q.
  Tensor s;   ///< [k], descending, not negative.
  Tensor vt;  ///< [k, n]: rows of length 1, at right angles to each other.
};
/// Of a [m, n], by divide and conquer: PyTorch's svd(full_matrices=False). Signs as in eigh, decided
/// by the columns of u; the row of vt goes along.
SVD svd(const Tensor& a);

/// What lstsq found.
struct LeastSquares {
  Tensor x;                ///< [n] or [n, k].
  std::int64_t rank;       ///< How many singular values of a count as more than 0.
  Tensor singular_values;  ///< [min(m, n)] of a, descending.
};
/// The x for which |a x - b| is smallest, of several the one with the smallest |x|, by the SVD of a.
/// a [m, n]; b [m] or [m, k], each column for itself, of the same dtype. Singular values up to
/// `rcond` times the largest count as 0; 0 <= rcond < 1, by default max(m, n) times the dtype's
/// epsilon.
LeastSquares lstsq(const Tensor& a, const Tensor& b, std::optional<double> rcond = std::nullopt);

}  // namespace plumb::linalg
