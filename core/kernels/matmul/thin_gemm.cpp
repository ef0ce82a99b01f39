#include "thin_gemm.hpp"

#include <algorithm>

#include "../../simd/block.hpp"
#include "../../simd/lane_totals.hpp"

namespace plumb::kernel {
namespace {

// Steps of the inner side that are added one after the other. The sums of such stretches are added
// to c: of equal terms, 10,000 in one chain err by 1e-4 in float32, a million by 1e-2.
constexpr std::int64_t stretch = 512;

template <class T>
struct ThinProduct {
  std::int64_t n, k;
  Matrix<T> a, b;
  T* c;
  std::int64_t stride;
  Write mode;
  const T* bias;
  Transpose result;  // whether c and its bias are those of the transposed product

  PLUMB_INLINE T left(std::int64_t row, std::int64_t i) const {
    return a.data[a.transpose == Transpose::no ? row * a.stride + i : i * a.stride + row];
  }
  PLUMB_INLINE void write(std::int64_t row, std::int64_t column, T value) const {
    if (result == Transpose::yes) std::swap(row, column);
    if (bias != nullptr) value += bias[column];
    T& at = c[row * stride + column];
    at = mode == Write::overwrite ? value : at + value;
  }
};

// The finished sums [rows, columns] of a block that begins at column j. In loops that stay loops:
// unrolled into each block this is most of the code.
template <class T>
PLUMB_INLINE inline void write_elements(const ThinProduct<T>& p, const T* sums, int rows,
                                        int columns, std::int64_t j) {
#pragma GCC unroll 1
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 1
    for (int v = 0; v < columns; ++v) p.write(r, j + v, sums[r * columns + v]);
}

// Rows of a (neighbours in memory) times `columns` rows of the transposed b: sums lane by lane.
template <class T, int bytes, int rows, int columns>
PLUMB_INLINE inline void dot_block(const ThinProduct<T>& p, std::int64_t j) {
  using V = VectorOf<T, bytes>;
  typename V::type sum[rows][columns] = {};
  const T* b = p.b.data + j * p.b.stride;
  std::int64_t i = 0;
  for (; i + V::lanes <= p.k; i += V::lanes) {
    typename V::type left[rows];
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) left[r] = V::load(p.a.data + r * p.a.stride + i);
#pragma GCC unroll 8
    for (int v = 0; v < columns; ++v) {
      const typename V::type right = V::load(b + v * p.b.stride + i);
#pragma GCC unroll 4
      for (int r = 0; r < rows; ++r) sum[r][v] += left[r] * right;
    }
  }
  T sums[rows * columns];
#pragma GCC unroll 4
  for (int r = 0; r < rows; ++r) lane_totals<columns>(sums + r * columns, sum[r]);
  if (i < p.k)
#pragma GCC unroll 1
    for (int at = 0; at < rows * columns; ++at) {
      const T *left = p.a.data + at / columns * p.a.stride, *right = b + at % columns * p.b.stride;
      T rest = 0;
      for (std::int64_t l = i; l < p.k; ++l) rest += left[l] * right[l];
      sums[at] += rest;
    }
  write_elements(p, sums, rows, columns, j);
}

// All rows times `across` vectors of columns of b.
template <class T, int bytes, int rows, int across>
PLUMB_INLINE inline void column_block(const ThinProduct<T>& p, std::int64_t j) {
  using V = VectorOf<T, bytes>;
  typename V::type sum[rows][across] = {};
  for (std::int64_t i = 0; i < p.k; ++i) {
    T left[rows];
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) left[r] = p.left(r, i);
#pragma GCC unroll 8
    for (int v = 0; v < across; ++v) {
      const typename V::type right = V::load(p.b.data + i * p.b.stride + j + v * V::lanes);
#pragma GCC unroll 4
      for (int r = 0; r < rows; ++r) sum[r][v] += left[r] * right;
    }
  }
  if (p.result == Transpose::yes) {
    T sums[rows * across * V::lanes];
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
      for (int v = 0; v < across; ++v) V::store(sums + (r * across + v) * V::lanes, sum[r][v]);
    return write_elements(p, sums, rows, across * V::lanes, j);
  }
  write_block<T, bytes>(sum, p.bias == nullptr ? nullptr : p.bias + j, p.mode, p.c + j, p.stride);
}

template <int bytes, int at_once, int rows, class T>
PLUMB_INLINE inline void multiply_rows(const ThinProduct<T>& p) {
  constexpr std::int64_t lanes = VectorOf<T, bytes>::lanes;
  std::int64_t j = 0;
  if (p.b.transpose == Transpose::yes) {
    for (; j + at_once <= p.n; j += at_once) dot_block<T, bytes, rows, at_once>(p, j);
    for (; j < p.n; ++j) dot_block<T, bytes, rows, 1>(p, j);
    return;
  }
  for (; j + at_once * lanes <= p.n; j += at_once * lanes)
    column_block<T, bytes, rows, at_once>(p, j);
  for (; j + lanes <= p.n; j += lanes) column_block<T, bytes, rows, 1>(p, j);
  for (; j < p.n; ++j)
    for (int r = 0; r < rows; ++r) {
      T sum = 0;
      for (std::int64_t i = 0; i < p.k; ++i) sum += p.left(r, i) * p.b.data[i * p.b.stride + j];
      p.write(r, j, sum);
    }
}

template <class T>
void multiply_stretch(std::int64_t m, const ThinProduct<T>& product) {
  // As many sums as leave registers for what is multiplied: of 32, or of 16.
  on_best_vectors([&](auto bytes) PLUMB_INLINE {
    with_constant<thin_rows>(m, [&](auto rows) PLUMB_INLINE {
      multiply_rows<bytes, bytes == 64 ? 8 : 4, rows>(product);
    });
  });
}

template <class T>
void multiply(std::int64_t m, const ThinProduct<T>& product) {
  const bool plain = product.b.transpose == Transpose::no;
  // Along a transposed b each lane of a vector has a chain of its own.
  const std::int64_t most = plain ? stretch : 16 * stretch;
  if (product.k <= most) return multiply_stretch(m, product);
  ThinProduct<T> part = product;
  for (std::int64_t first = 0; first < product.k; first += most) {
    part.k = std::min(most, product.k - first);
    multiply_stretch(m, part);
    part.a.data += part.a.transpose == Transpose::no ? most : most * part.a.stride;
    part.b.data += plain ? most * part.b.stride : most;
    part.mode = Write::accumulate;
    part.bias = nullptr;
  }
}

}  // namespace

template <class T>
void thin_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a,
               const Matrix<T>& b, T* c, std::int64_t stride, Write mode, const T* bias) {
  multiply(m, ThinProduct<T>{n, k, a, b, c, stride, mode, bias, Transpose::no});
}

// (a b)^T = b^T a^T has few rows.
template <class T>
void narrow_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a,
                 const Matrix<T>& b, T* c, std::int64_t stride, Write mode, const T* bias) {
  const Matrix<T> left{b.data, b.stride, flip(b.transpose)};
  const Matrix<T> right{a.data, a.stride, flip(a.transpose)};
  multiply(n, ThinProduct<T>{m, k, left, right, c, stride, mode, bias, Transpose::yes});
}

template void thin_gemm(std::int64_t, std::int64_t, std::int64_t, const Matrix<float>&,
                        const Matrix<float>&, float*, std::int64_t, Write, const float*);
template void thin_gemm(std::int64_t, std::int64_t, std::int64_t, const Matrix<double>&,
                        const Matrix<double>&, double*, std::int64_t, Write, const double*);
template void narrow_gemm(std::int64_t, std::int64_t, std::int64_t, const Matrix<float>&,
                          const Matrix<float>&, float*, std::int64_t, Write, const float*);
template void narrow_gemm(std::int64_t, std::int64_t, std::int64_t, const Matrix<double>&,
                          const Matrix<double>&, double*, std::int64_t, Write, const double*);

}  // namespace plumb::kernel
