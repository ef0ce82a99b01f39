// One binary for many processors: hot loops are compiled for several instruction sets, and the best
// that the processor has is chosen at run time.
#pragma once

#include <cstdint>
#include <type_traits>

namespace plumb::kernel {

/// x86-64-v3 (AVX2 and FMA), x86-64-v4 (AVX-512), or what every processor of the platform has.
enum class Isa : std::uint8_t { base, v3, v4 };

/// The best of this processor; PLUMB_ISA=base or v3 in the environment lowers it. With PLUMB_NATIVE
/// the one that the library was compiled for.
Isa isa();

/// Whether there is code for one alone.
bool isa_is_fixed();

/// Whether there is code for it.
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

// Functions and lambdas marked so become part of the function that calls them, whatever that was
// compiled for. Where all is compiled for one processor they need not be, and are not if nothing is
// inlined: functions that large, with the checks of sanitizers in them, take minutes to compile.
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

/// Calls f, a lambda marked PLUMB_INLINE, compiled for the best instruction set: what it calls must
/// be inline too, or runs as it was compiled.
template <class F>
void on_best_isa(const F& f) {
  if constexpr (is_compiled(Isa::v4))
    if (isa() == Isa::v4) return run_v4(f);
  if constexpr (is_compiled(Isa::v3))
    if (isa() == Isa::v3) return run_v3(f);
  if constexpr (is_compiled(Isa::base)) f();
}

/// The same for a lambda that takes how many bytes a vector has there, as an integral_constant, and
/// that is called only where isa() is not base: it is not compiled for that.
template <class F>
void on_wide_vectors([[maybe_unused]] const F& f) {
  if constexpr (is_compiled(Isa::v4))
    if (isa() == Isa::v4) return run_v4(f, std::integral_constant<int, 64>());
  if constexpr (is_compiled(Isa::v3)) run_v3(f, std::integral_constant<int, 32>());
}

/// The same, called everywhere.
template <class F>
void on_best_vectors(const F& f) {
  if constexpr (is_compiled(Isa::base))
    if (isa() == Isa::base) return f(std::integral_constant<int, 16>());
  on_wide_vectors(f);
}

}  // namespace plumb::kernel
