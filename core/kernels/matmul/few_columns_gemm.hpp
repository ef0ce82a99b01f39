// Matrix products with few columns, found as the rows of the transposed product, whose vectors are full.
#pragma once

#include <cstdint>

#include "gemm.hpp"

namespace plumb::kernel {

/// The most columns.
inline constexpr std::int64_t few_columns = 15;

/// c [m, n] = or += op(a) [m, k] op(b) [k, n], plus `bias` [n] where it is not null, then the
/// activation, on the calling thread, for n up to few_columns. It is faster than register_gemm() where a
/// is transposed; where it is not, transposing it takes as long as full vectors save. Only where
/// has_register_gemm(). T is float or double.
template <class T>
void few_columns_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a,
                      const Matrix<T>& b, T* c, std::int64_t stride, Write mode, const T* bias,
                      Activation activation);

}  // namespace plumb::kernel
