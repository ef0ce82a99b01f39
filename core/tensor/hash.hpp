// A fingerprint of tensors, to compare runs bit for bit.
#pragma once

#include <cstdint>

#include "tensor.hpp"

namespace plumb {

/// FNV-1a (64 bit) over element type, shape and the bytes of the elements; `start` chains calls.
/// Not a checksum against malice.
std::uint64_t hash(const Tensor& x, std::uint64_t start = 0xcbf29ce484222325);

}  // namespace plumb
