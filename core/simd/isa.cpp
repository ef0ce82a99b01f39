#include "isa.hpp"

#include <cstdlib>
#include <string_view>

namespace plumb::kernel {
namespace {

Isa best_of_processor() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return Isa::v4;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"))
    return Isa::v3;
#endif
  return Isa::base;
}

Isa choose() {
  if (isa_is_fixed()) {
    if (is_compiled(Isa::v4)) return Isa::v4;
    return is_compiled(Isa::v3) ? Isa::v3 : Isa::base;
  }
  const Isa best = best_of_processor();
  const char* wanted = std::getenv("PLUMB_ISA");
  if (wanted == nullptr || best == Isa::base) return best;
  if (std::string_view(wanted) == "base") return Isa::base;
  return std::string_view(wanted) == "v3" ? Isa::v3 : best;
}

}  // namespace

Isa isa() {
  static const Isa chosen = choose();
  return chosen;
}

bool isa_is_fixed() {
  return is_compiled(Isa::base) + is_compiled(Isa::v3) + is_compiled(Isa::v4) == 1;
}

}  // namespace plumb::kernel
