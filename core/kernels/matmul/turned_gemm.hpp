// Matrix products found as the transpose of the transposed product, whose columns are the rows here.
#pragma once

#include <cstdint>

#include "gemm.hpp"

namespace plumb::kernel {

/// c [m, n] = or += op(a) [m, k] op(b) [k, n], plus `bias` [n] where it is not null, then the
/// activation, on the calling thread. Only where has_register_gemm(). T is float or double.
///
/// register_gemm() packs panels of the right matrix and reads the left one where it stands, a few numbers of each
/// step where it is transposed. So this is faster where a is transposed and has the most columns, and where b has
/// fewer than fill a vector. Where a is not transposed, to transpose it takes as long as that saves.
template <class T>
void turned_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a,
                 const Matrix<T>& b, T* c, std::int64_t stride, Write mode, const T* bias,
                 Activation activation);

/// Rows that it takes together.
inline constexpr std::int64_t turned_rows = 64;
/// Columns for which its sums stay in the first cache.
inline constexpr std::int64_t turned_columns = 128;

}  // namespace plumb::kernel
