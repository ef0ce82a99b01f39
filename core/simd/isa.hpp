// One binary for many processors: hot loops are compiled for several instruction sets, and the best
// that the processor has is chosen at run time.
#pragma once

#include <cstdint>
#include <type_traits>

namespace plumb::kernel {

/// x86-64-v3 (AVX2 and FMA), x86-64-v4 (AVX-512), or what every processor of the platform has.
enum class Isa : std::uint8_t { base, v3, v4 };

/// The best of this processor; PLUMB_ISA=base or v3 in the environment lowers it. With PLUMB_NATIVE
/// the one that the library was compiled for. A PLUMB_ISA that cannot be is told of on stderr.
Isa isa();

/// Whether the library was compiled for one instruction set alone.
bool isa_is_fixed();

/// Whether the library has code for this one.
constexpr bool is_compiled([[maybe_unused]] Isa x) {
#if defined(PLUMB_NATIVE)
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512CD__) && \
    defined(__AVX512DQ__) && defined(__AVX512VL__)
  return x == Isa::v4;
#elif defined(__AVX2__) && defined(__FMA__) && defined(__BMI__) && defined(__BMI2__)
  return x == Isa::v3;
#else
  return x == Isa::base;
#endif
#elif defined(__x86_64__)
  return true;
#else
  return x == Isa::base;
#endif
}

}  // namespace plumb::kernel

// Marks a function or lambda that a loop for several instruction sets is made of. Only what is
// inlined is compiled for the instruction set of its caller; the rest runs as it was compiled, at a
// fraction of the speed. With PLUMB_NATIVE there is one instruction set and nothing needs to be
// inlined; without optimisation it is not, since sanitizers make such functions take minutes to
// compile.
#if defined(PLUMB_NATIVE) && defined(__NO_INLINE__)
#define PLUMB_INLINE
#else
#define PLUMB_INLINE __attribute__((always_inline))
#endif

// Features and not arch=...: g++ only inlines between functions of the same arch.
#if defined(__x86_64__)
#define PLUMB_V3 __attribute__((target("avx2,fma,bmi,bmi2")))
#if defined(__clang__)
#define PLUMB_V4 \
  __attribute__((target("avx2,fma,bmi,bmi2,avx512f,avx512bw,avx512cd,avx512dq,avx512vl")))
#else
#define PLUMB_V4                                                              \
  __attribute__((                                                             \
      target("avx2,fma,bmi,bmi2,avx512f,avx512bw,avx512cd,avx512dq,avx512vl," \
             "prefer-vector-width=512")))
#endif
#else
#define PLUMB_V3
#define PLUMB_V4
#endif

namespace plumb::kernel {

template <class F, class... Args>
PLUMB_V3 void run_v3(const F& f, Args... args) {
  f(args...);
}
template <class F, class... Args>
PLUMB_V4 void run_v4(const F& f, Args... args) {
  f(args...);
}

/// Calls f compiled for the best instruction set. f is a lambda marked PLUMB_INLINE, and so must be
/// what it calls.
template <class F>
void on_best_isa(const F& f) {
  if constexpr (is_compiled(Isa::v4))
    if (isa() == Isa::v4) return run_v4(f);
  if constexpr (is_compiled(Isa::v3))
    if (isa() == Isa::v3) return run_v3(f);
  if constexpr (is_compiled(Isa::base)) f();
}

/// The same for a lambda f(bytes), where `bytes` is the size of a vector as an integral_constant:
/// 64 or 32. Call it only where isa() is not base: f is not compiled for that.
template <class F>
void on_wide_vectors([[maybe_unused]] const F& f) {
  if constexpr (is_compiled(Isa::v4))
    if (isa() == Isa::v4) return run_v4(f, std::integral_constant<int, 64>());
  if constexpr (is_compiled(Isa::v3)) run_v3(f, std::integral_constant<int, 32>());
}

/// The same for every instruction set; a vector of base has 16 bytes.
template <class F>
void on_best_vectors(const F& f) {
  if constexpr (is_compiled(Isa::base))
    if (isa() == Isa::base) return f(std::integral_constant<int, 16>());
  on_wide_vectors(f);
}

}  // namespace plumb::kernel
