#include "floating_point.hpp"

namespace plumb::detail {

#if defined(__x86_64__)

void FloatingPointMode::enter() {
  __builtin_ia32_ldmxcsr(wanted | (__builtin_ia32_stmxcsr() & raised));
}

void FloatingPointMode::leave(std::uint32_t before) {
  __builtin_ia32_ldmxcsr(before | (__builtin_ia32_stmxcsr() & raised));
}

#endif

}  // namespace plumb::detail
