// load_idx of a file that is not compressed, whatever it begins with.
#include <plumb/data/idx.hpp>

#include "input.hpp"

using namespace plumb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t count) {
  if (count > 0 && input[0] == 0x1f) return -1;  // gzip is the other target's
  const std::string path = fuzz::as_file(input, count);
  // Integers of one byte become eight.
  fuzz::refuse_or_load("load_idx",
                       [&] { fuzz::require(data::load_idx(path).bytes() <= 8 * count); });
  return 0;
}
