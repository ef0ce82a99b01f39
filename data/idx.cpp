#include "idx.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "../core/io/internal/deflate_ratio.hpp"
#include "../core/io/internal/origin.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "internal/byte_source.hpp"
#include "internal/idx_header.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "load_idx";

using detail::IdxHeader;

// Before anything is allocated: the size of a plain file is known, and how much gzip can make of it.
void check_size(const detail::ByteSource& source, const IdxHeader& header,
                const std::string& path) {
  if (source.stored_bytes() < 0) return;
  if (source.compressed()) {
    const auto declared = static_cast<std::uint64_t>(header.bytes);
    const auto stored = static_cast<std::uint64_t>(source.stored_bytes());
    if (declared / plumb::detail::deflate_ratio > stored)
      fail(operation, path, ": header declares ", detail::describe(header),
           ", more than gzip can make of ", stored);
    return;
  }
  detail::check_idx_size(source, header, operation, path);
}

// How much to allocate before it is known whether the file holds what it declares. Images shrink
// four- to sixteenfold in gzip, so most files fit at once.
std::int64_t first_guess(const detail::ByteSource& source, std::int64_t bytes) {
  constexpr std::int64_t least = std::int64_t{1} << 16, ratio = 16;
  const std::int64_t stored = source.stored_bytes();
  if (!source.compressed() && stored >= 0) return bytes;
  return std::min(bytes, std::max(least, ratio * stored));
}

Tensor read_elements(detail::ByteSource& source, const IdxHeader& header, const std::string& path) {
  Tensor data = Tensor::empty({first_guess(source, header.bytes)}, DType::uint8);
  std::int64_t held = 0;
  for (;;) {
    held += source.read(data.mutable_raw() + held, data.numel() - held);
    if (held < data.numel())
      fail(operation, path, ": header declares ", detail::describe(header), ", file holds ", held);
    if (held == header.bytes) break;
    Tensor larger = Tensor::empty({std::min(header.bytes, 2 * held)}, DType::uint8);
    std::memcpy(larger.mutable_raw(), data.raw(), static_cast<std::size_t>(held));
    data = larger;
  }
  std::uint8_t extra;
  if (source.read(&extra, 1) > 0)
    fail(operation, path, ": header declares ", detail::describe(header), ", file holds more");
  return data;
}

Tensor read_idx(const std::string& path) {
  const auto source = detail::open_bytes(operation, path);
  const IdxHeader header = detail::read_idx_header(*source, operation, path);
  check_size(*source, header, path);
  const Tensor data = read_elements(*source, header, path);
  return detail::idx_elements(data, header.type, header.shape);
}

}  // namespace

Tensor load_idx(const std::string& path) {
  return plumb::detail::Origin{operation, path}.named([&] { return read_idx(path); });
}

}  // namespace plumb::data
