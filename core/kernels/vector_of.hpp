// Vectors of a chosen width, in the compilers' vector extension: one code for all instruction sets.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "isa.hpp"

namespace plumb::kernel {

/// `bytes` of elements T, as a value (`type`) and as it stands in memory (`unaligned`). Only for
/// code that on_best_isa or PLUMB_V3 and PLUMB_V4 compile for an instruction set of that width: a
/// wider vector runs at a tenth of the speed.
template <class T, int bytes>
struct VectorOf {
  typedef T type __attribute__((vector_size(bytes)));
  typedef T unaligned __attribute__((vector_size(bytes), aligned(sizeof(T)), may_alias));
  using Index = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  typedef Index index __attribute__((vector_size(bytes)));
  static constexpr int lanes = bytes / static_cast<int>(sizeof(T));

  PLUMB_INLINE static type load(const T* from) { return *reinterpret_cast<const unaligned*>(from); }
  PLUMB_INLINE static void store(T* to, type value) { *reinterpret_cast<unaligned*>(to) = value; }

  /// The sum of the lanes: of both halves, of their halves, ...
  PLUMB_INLINE static T total(type value) {
    if constexpr (lanes == 2) {
      return value[0] + value[1];
    } else {
      using Half = VectorOf<T, bytes / 2>;
      typename Half::type halves[2];
      std::memcpy(halves, &value, bytes);
      return Half::total(halves[0] + halves[1]);
    }
  }
};

/// Calls f(constant), a lambda marked PLUMB_INLINE, with n as a constant of the type: 1 to `most`.
template <int most, class F>
PLUMB_INLINE inline void with_constant(std::int64_t n, const F& f) {
  if (n == most) return f(std::integral_constant<int, most>());
  if constexpr (most > 1) with_constant<most - 1>(n, f);
}

}  // namespace plumb::kernel
