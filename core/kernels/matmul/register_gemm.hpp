// A matrix product whose results stay in vector registers while it runs along the inner side.
#pragma once

#include <cstdint>

#include "gemm.hpp"

namespace plumb::kernel {

/// Whether this processor has a kernel of this kind.
bool has_register_gemm();

/// Steps of the inner side whose sums stay in registers; after so many they are added to c. The
/// second number is for a transposed a with more steps than the first.
inline constexpr std::int64_t register_depth = 800;
inline constexpr std::int64_t register_tall_depth = 128;

/// c [m, n] = or += op(a) [m, k] op(b) [k, n], plus `bias` [n] where it is not null, then the
/// activation, on the calling thread. Only where has_register_gemm(). T is float or double.
template <class T>
void register_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a,
                   const Matrix<T>& b, T* c, std::int64_t stride, Write mode, const T* bias,
                   Activation activation = Activation::none);

}  // namespace plumb::kernel
