#include "hash.hpp"

namespace plumb {
namespace {

std::uint64_t add_bytes(std::uint64_t state, const void* bytes, std::size_t count) {
  const auto* byte = static_cast<const unsigned char*>(bytes);
  for (std::size_t i = 0; i < count; ++i) state = (state ^ byte[i]) * 0x100000001b3;
  return state;
}

}  // namespace

std::uint64_t hash(const Tensor& x, std::uint64_t start) {
  const DType dtype = x.dtype();
  std::uint64_t state = add_bytes(start, &dtype, sizeof dtype);
  for (const std::int64_t size : x.shape()) state = add_bytes(state, &size, sizeof size);
  return add_bytes(state, x.raw(), x.bytes());
}

}  // namespace plumb
