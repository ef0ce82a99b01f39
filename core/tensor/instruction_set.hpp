// Which instructions compute.
#pragma once

#include <string>

namespace plumb {

/// What kernels this process runs, for reports of speed: the instruction set of plumb's own and what
/// OpenBLAS takes the processor for, as in "AVX-512 (x86-64-v4); OpenBLAS 0.3.21 with kernels for
/// SkylakeX". An OpenBLAS older than the processor may take it for a much older one. On AVX2 and AVX-512
/// that slows down little: products are plumb's own, and OpenBLAS is left with the decompositions of
/// linalg.hpp.
std::string instruction_set();

}  // namespace plumb
