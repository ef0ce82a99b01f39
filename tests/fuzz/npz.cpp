// load_npz.
#include <plumb/core/io/npz.hpp>

#include "input.hpp"

using namespace plumb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t count) {
  const std::string path = fuzz::as_file(input, count);
  fuzz::refuse_or_load("load_npz", [&] {
    const StateDict loaded = load_npz(path);
    // int8 becomes int64.
    for (const auto& [name, tensor] : loaded.tensors())
      fuzz::require(!name.empty() && tensor.bytes() / 8 / 1032 <= count);
  });
  return 0;
}
