#include "isa.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
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

// What PLUMB_ISA may be, in the order of Isa.
constexpr std::array<const char*, 3> names = {"base", "v3", "v4"};

Isa best_of_all() {
  if (!isa_is_fixed()) return best_of_processor();
  if (is_compiled(Isa::v4)) return Isa::v4;
  return is_compiled(Isa::v3) ? Isa::v3 : Isa::base;
}

// What PLUMB_ISA says where that is possible, and otherwise why it is not.
Isa choose() {
  const Isa best = best_of_all();
  const char* wanted = std::getenv("PLUMB_ISA");
  if (wanted == nullptr || *wanted == '\0') return best;
  const auto name = std::find(names.begin(), names.end(), std::string_view(wanted));
  const auto number = static_cast<std::size_t>(name - names.begin());
  const auto most = static_cast<std::size_t>(best);
  if (number == most || (number < most && !isa_is_fixed())) return static_cast<Isa>(number);
  const char* reason = "it must be base, v3 or v4";
  if (number < names.size())
    reason = isa_is_fixed() ? "plumb was compiled for one alone" : "the processor lacks it";
  std::fprintf(stderr, "plumb: PLUMB_ISA is %s, but %s; %s is used\n", wanted, reason, names[most]);
  return best;
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
