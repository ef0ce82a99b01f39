// One binary for many processors: hot loops are compiled for several instruction sets, and the best
// that the processor has is chosen at run time.
#pragma once

#include <cstdint>
#include <type_traits>

namespace plumb::kernel {

/// x86-64-v3 (AVX2 and FMA), x86-64-v4 (AVX-512), or what every processor of the platform has.
enum class Isa : std::uint8_t { base, v3, v4 };

/// The best of this processor; PLUMB_ISA=base or v3 in the environment lowers it.
Isa isa();

}  // namespace plumb::kernel

// Functions and lambdas marked so become part of the function that calls them, whatever that was
// compiled for.
#define PLUMB_INLINE __attribute__((always_inline))

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
#endif

namespace plumb::kernel {

#if defined(__x86_64__)
template <class F, class... Args>
PLUMB_V3 void run_v3(const F& f, Args... args) {
  f(args...);
}
template <class F, class... Args>
PLUMB_V4 void run_v4(const F& f, Args... args) {
  f(args...);
}
#endif

/// Calls f, a lambda marked PLUMB_INLINE, compiled for the best instruction set: what it calls must
/// be inline too, or runs as it was compiled.
template <class F>
void on_best_isa(const F& f) {
#if defined(__x86_64__)
  switch (isa()) {
    case Isa::v4:
      return run_v4(f);
    case Isa::v3:
      return run_v3(f);
    case Isa::base:
      break;
  }
#endif
  f();
}

/// The same for a lambda that takes how many bytes a vector has there, as an integral_constant.
template <class F>
void on_best_vectors(const F& f) {
#if defined(__x86_64__)
  switch (isa()) {
    case Isa::v4:
      return run_v4(f, std::integral_constant<int, 64>());
    case Isa::v3:
      return run_v3(f, std::integral_constant<int, 32>());
    case Isa::base:
      break;
  }
#endif
  f(std::integral_constant<int, 16>());
}

}  // namespace plumb::kernel
