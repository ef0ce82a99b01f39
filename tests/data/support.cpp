#include "support.hpp"

#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace plumb::test {

std::string gzip(const std::string& content) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("deflateInit2");
  std::string out(deflateBound(&stream, content.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (status != Z_STREAM_END) throw std::runtime_error("deflate");
  return out;
}

std::string idx(int type, const std::vector<std::uint32_t>& sizes, const std::string& elements) {
  std::string out = {'\0', '\0', static_cast<char>(type), static_cast<char>(sizes.size())};
  for (const std::uint32_t size : sizes)
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 255);
  return out + elements;
}

std::string real_data(const std::string& name) {
  const char* set = std::getenv("PLUMB_DATA");
  const std::filesystem::path root =
      set != nullptr ? set : std::filesystem::path(PLUMB_SOURCE_DIR) / ".." / "shared" / "data";
  return std::filesystem::exists(root / name) ? (root / name).string() : "";
}

}  // namespace plumb::test
