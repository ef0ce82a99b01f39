#include "whole_file.hpp"

#include <algorithm>
#include <cstdint>

#include "byte_source.hpp"

namespace plumb::data::detail {

std::string read_whole(const std::string& operation, const std::string& path) {
  const auto source = open_bytes(operation, path);
  constexpr std::int64_t least = std::int64_t{1} << 16;
  // One byte more than a plain file has: that it ends there is seen by the first read.
  std::int64_t room =
      source->compressed() ? 4 * source->stored_bytes() : source->stored_bytes() + 1;
  std::string bytes;
  std::int64_t held = 0;
  for (room = std::max(room, least);; room = 2 * held) {
    bytes.resize(static_cast<std::size_t>(room));
    held += source->read(bytes.data() + held, room - held);
    if (held < room) break;
  }
  bytes.resize(static_cast<std::size_t>(held));
  return bytes;
}

}  // namespace plumb::data::detail
