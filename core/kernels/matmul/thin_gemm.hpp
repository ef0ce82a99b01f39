// Matrix products with few rows or few columns, as fast as the larger matrix can be read.
#pragma once

#include <cstdint>

#include "gemm.hpp"

namespace plumb::kernel {

inline constexpr std::int64_t thin_rows = 3;

/// c [m, n] = or += op(a) [m, k] b [k, n], plus `bias` [n] where it is not null, on the calling
/// thread, for m up to thin_rows; b may be transposed. T is float or double.
template <class T>
void thin_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a,
               const Matrix<T>& b, T* c, std::int64_t stride, Write mode, const T* bias);

/// The same for n up to thin_rows and any m, where a or b is transposed.
template <class T>
void narrow_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a,
                 const Matrix<T>& b, T* c, std::int64_t stride, Write mode, const T* bias);

}  // namespace plumb::kernel
