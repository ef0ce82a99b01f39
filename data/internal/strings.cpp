#include "strings.hpp"

#include <cstdint>

#include "../../core/runtime/internal/fail.hpp"

namespace plumb::data::detail {

void set_strings(StateDict& state, const std::string& name,
                 const std::vector<std::string>& strings) {
  std::vector<std::uint8_t> bytes;
  std::vector<std::int64_t> ends;
  for (const std::string& string : strings) {
    bytes.insert(bytes.end(), string.begin(), string.end());
    ends.push_back(static_cast<std::int64_t>(bytes.size()));
  }
  state.set(name + ".bytes", Tensor::from(bytes));
  state.set(name + ".ends", Tensor::from(ends));
}

std::vector<std::string> get_strings(const char* operation, const StateDict& state,
                                     const std::string& name) {
  const Tensor& bytes = state.tensor(name + ".bytes");
  const Tensor& ends = state.tensor(name + ".ends");
  if (bytes.dtype() != DType::uint8 || ends.dtype() != DType::int64 || bytes.rank() != 1 ||
      ends.rank() != 1)
    fail(operation, "the state must have ", name, ".bytes uint8 [bytes] and .ends int64 [n], got ",
         bytes.shape(), " of ", bytes.dtype(), " and ", ends.shape(), " of ", ends.dtype());
  const std::uint8_t* byte = bytes.data<std::uint8_t>();
  std::vector<std::string> strings;
  std::int64_t begin = 0;
  for (const std::int64_t end : ends.to_vector<std::int64_t>()) {
    if (end < begin || end > bytes.numel())
      fail(operation, "string ", static_cast<std::int64_t>(strings.size()), " of the state's ",
           name, " ends at ", end, ", outside of [", begin, ", ", bytes.numel(), "]");
    strings.emplace_back(byte + begin, byte + end);
    begin = end;
  }
  if (begin != bytes.numel())
    fail(operation, "the state's ", name, " have ", bytes.numel(), " bytes and end at ", begin);
  return strings;
}

}  // namespace plumb::data::detail
