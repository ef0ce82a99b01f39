// load_safetensors. Where the input begins as files of plumb do, its header's checksum is made
// right first: what a fuzzer changes would never get past it.
#include <algorithm>
#include <plumb/core/io/internal/checksum.hpp>
#include <plumb/core/io/safetensors.hpp>
#include <vector>

#include "input.hpp"

using namespace plumb;

namespace {

void repair(std::vector<std::uint8_t>& bytes) {
  const std::string begin = "{\"__metadata__\":{\"plumb.checksum\":\"", zeros(16, '0');
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0 && bytes.size() >= 8;) length = length << 8 | bytes[i];
  const std::size_t digits = 8 + begin.size();
  if (bytes.size() < digits + 16 || length > bytes.size() - 8 || length < begin.size() + 16) return;
  if (!std::equal(begin.begin(), begin.end(), bytes.begin() + 8)) return;
  std::copy(zeros.begin(), zeros.end(), bytes.begin() + static_cast<std::ptrdiff_t>(digits));
  detail::Checksum sum;
  sum.add(bytes.data() + 8, length);
  const std::string right = sum.hexadecimal();
  std::copy(right.begin(), right.end(), bytes.begin() + static_cast<std::ptrdiff_t>(digits));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t count) {
  std::vector<std::uint8_t> bytes(input, input + count);
  repair(bytes);
  const std::string path = fuzz::as_file(bytes.data(), bytes.size());
  fuzz::refuse_or_load("load_safetensors", [&] {
    const LoadedState loaded = load_safetensors(path, HalfTensors::to_float32);
    for (const auto& [name, tensor] : loaded.state.tensors())
      fuzz::require(!name.empty() && tensor.bytes() <= 2 * count);
  });
  return 0;
}
