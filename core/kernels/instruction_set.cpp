#include "instruction_set.hpp"

#include "../simd/isa.hpp"

extern "C" {
char* openblas_get_config();    // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..."
char* openblas_get_corename();  // "Haswell"
}

namespace plumb::kernel {
namespace {

const char* name(Isa isa) {
#if defined(__x86_64__)
  return isa == Isa::v4   ? "AVX-512 (x86-64-v4)"
         : isa == Isa::v3 ? "AVX2 (x86-64-v3)"
                          : "SSE2 (x86-64)";
#else
  static_cast<void>(isa);
  return "that of the compiler";
#endif
}

// The first two words.
std::string blas_version() {
  const std::string config = openblas_get_config();
  return config.substr(0, config.find(' ', config.find(' ') + 1));
}

}  // namespace

std::string instruction_set() {
  return name(isa()) + ("; " + blas_version()) + " with kernels for " + openblas_get_corename();
}

}  // namespace plumb::kernel
