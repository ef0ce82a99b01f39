// load_npy.
#include <plumb/core/io/npy.hpp>

#include "input.hpp"

using namespace plumb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t count) {
  const std::string path = fuzz::as_file(input, count);
  fuzz::refuse_or_load("load_npy", [&] { fuzz::require(load_npy(path).bytes() / 8 <= count); });
  return 0;
}
