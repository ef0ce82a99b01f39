// Compressed files: their bytes, and an IDX file in them.
#include <plumb/data/idx.hpp>
#include <plumb/data/internal/byte_source.hpp>
#include <vector>

#include "input.hpp"

using namespace plumb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t count) {
  const std::string path = fuzz::as_file(input, count);
  fuzz::refuse_or_load("read", [&] {
    const auto source = data::detail::open_bytes("read", path);
    std::vector<char> bytes(1 << 16);
    std::size_t total = 0;
    for (std::int64_t got; (got = source->read(bytes.data(), 1 << 16)) > 0;)
      fuzz::require((total += static_cast<std::size_t>(got)) <= 1100 * count);
  });
  fuzz::refuse_or_load("load_idx", [&] { data::load_idx(path); });
  return 0;
}
