#include "turned_gemm.hpp"

#include <algorithm>

#include "../../simd/transpose_block.hpp"
#include "../../tensor/tensor.hpp"
#include "finish_rows.hpp"
#include "register_gemm.hpp"

namespace plumb::kernel {
namespace {

// Rows of c [rows, n] from their transposed sums, rows of which are turned_rows elements apart.
template <class T>
void write_transposed(std::int64_t rows, std::int64_t n, const T* sums, Activation activation,
                      const Target<T>& to) {
  on_wide_vectors([=](auto bytes) PLUMB_INLINE {
    constexpr std::int64_t lanes = VectorOf<T, bytes>::lanes;
    alignas(64) T turned[lanes * lanes];
    for (std::int64_t i = 0; i < rows; i += lanes)
      for (std::int64_t j = 0; j < n; j += lanes) {
        transpose_square<T, bytes>(sums + j * turned_rows + i, turned_rows, n - j, turned, lanes);
        finish_rows<T, bytes>(std::min(lanes, rows - i), std::min(lanes, n - j), turned, lanes,
                              activation,
                              {to.c + i * to.stride + j, to.stride, to.mode,
                               to.bias == nullptr ? nullptr : to.bias + j});
      }
  });
}

}  // namespace

template <class T>
void turned_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a,
                 const Matrix<T>& b, T* c, std::int64_t stride, Write mode, const T* bias,
                 Activation activation) {
  // A large buffer does not stand on the stack, which may be small.
  alignas(64) T few[16 * turned_rows];
  Tensor many;
  T* sums = few;
  if (n > 16) {
    many = Tensor::empty({std::min(n, turned_columns), turned_rows}, dtype_of<T>);
    sums = many.mutable_data<T>();
  }
  for (std::int64_t j = 0; j < n; j += turned_columns)
    for (std::int64_t i = 0; i < m; i += turned_rows) {
      const std::int64_t rows = std::min(turned_rows, m - i);
      const std::int64_t columns = std::min(turned_columns, n - j);
      register_gemm<T>(columns, rows, k, part(turned(b), j, 0), part(turned(a), 0, i), sums,
                       turned_rows, Write::overwrite, nullptr);
      write_transposed<T>(rows, columns, sums, activation,
                          {c + i * stride + j, stride, mode, bias == nullptr ? nullptr : bias + j});
    }
}

template void turned_gemm(std::int64_t, std::int64_t, std::int64_t, const Matrix<float>&,
                          const Matrix<float>&, float*, std::int64_t, Write, const float*,
                          Activation);
template void turned_gemm(std::int64_t, std::int64_t, std::int64_t, const Matrix<double>&,
                          const Matrix<double>&, double*, std::int64_t, Write, const double*,
                          Activation);

}  // namespace plumb::kernel
