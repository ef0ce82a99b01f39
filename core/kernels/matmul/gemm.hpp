// General matrix products of any floating type: c = op(a) op(b), cut into tiles by shape alone.
#pragma once

#include <cstdint>

#include "../../tensor/transpose.hpp"
#include "../../tensor/write.hpp"

namespace plumb::kernel {

/// A row-major matrix in memory, rows `stride` elements apart, read transposed if it says so.
template <class T>
struct Matrix {
  const T* data;
  std::int64_t stride;
  Transpose transpose = Transpose::no;
};

/// op(x) from an element on.
template <class T>
Matrix<T> part(const Matrix<T>& x, std::int64_t row, std::int64_t column) {
  const bool plain = x.transpose == Transpose::no;
  return {x.data + (plain ? row * x.stride + column : column * x.stride + row), x.stride,
          x.transpose};
}

/// op(x) transposed.
template <class T>
Matrix<T> turned(const Matrix<T>& x) {
  return {x.data, x.stride, flip(x.transpose)};
}

/// What becomes of a finished element: relu makes it 0 unless it is larger; NaN stays.
enum class Activation : std::uint8_t { none, relu };

/// c [m, n] (rows `stride` apart) = or += op(a) [m, k] op(b) [k, n], plus `bias` [n] on every row
/// where it is not null; then the activation. The tiles depend on m, n and k only, so the bits do
/// not depend on the number of threads. T is float or double.
template <class T>
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<T> a, Matrix<T> b, T* c,
          std::int64_t stride, Write mode, const T* bias = nullptr,
          Activation activation = Activation::none);

}  // namespace plumb::kernel
