#include "few_columns_gemm.hpp"

#include "../../simd/transpose_block.hpp"
#include "finish_rows.hpp"
#include "register_gemm.hpp"

namespace plumb::kernel {
namespace {

constexpr std::int64_t at_once = 64;  // rows of c

// Rows of c [rows, n] from their transposed sums, rows of which are at_once elements apart.
template <class T>
void write_transposed(std::int64_t rows, std::int64_t n, const T* sums, Activation activation,
                      const Target<T>& to) {
  on_wide_vectors([=](auto bytes) PLUMB_INLINE {
    constexpr std::int64_t lanes = VectorOf<T, bytes>::lanes, width = few_columns + lanes;
    alignas(64) T turned[lanes * width];
    for (std::int64_t i = 0; i < rows; i += lanes) {
      for (std::int64_t j = 0; j < n; j += lanes)
        transpose_square<T, bytes>(sums + j * at_once + i, at_once, n - j, turned + j, width);
      finish_rows<T, bytes>(rows - i < lanes ? rows - i : lanes, n, turned, width, activation,
                            {to.c + i * to.stride, to.stride, to.mode, to.bias});
    }
  });
}

}  // namespace

template <class T>
void few_columns_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a,
                      const Matrix<T>& b, T* c, std::int64_t stride, Write mode, const T* bias,
                      Activation activation) {
  alignas(64) T sums[few_columns * at_once];
  for (std::int64_t i = 0; i < m; i += at_once) {
    const std::int64_t rows = m - i < at_once ? m - i : at_once;
    const Matrix<T> left{b.data, b.stride, flip(b.transpose)};
    const Matrix<T> right{a.data + (a.transpose == Transpose::yes ? i : i * a.stride), a.stride,
                          flip(a.transpose)};
    register_gemm<T>(n, rows, k, left, right, sums, at_once, Write::overwrite, nullptr);
    write_transposed<T>(rows, n, sums, activation, {c + i * stride, stride, mode, bias});
  }
}

template void few_columns_gemm(std::int64_t, std::int64_t, std::int64_t, const Matrix<float>&,
                               const Matrix<float>&, float*, std::int64_t, Write, const float*,
                               Activation);
template void few_columns_gemm(std::int64_t, std::int64_t, std::int64_t, const Matrix<double>&,
                               const Matrix<double>&, double*, std::int64_t, Write, const double*,
                               Activation);

}  // namespace plumb::kernel
