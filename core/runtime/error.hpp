// The one exception type of the library and the function that throws it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace plumb {

/// Every failure that plumb reports. The message names the operation, what was expected and what
/// arrived: "[matmul] inner dimensions differ: [2, 3] @ [4, 5]".
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What makes messages. A namespace of its own, so that `using namespace plumb` takes no such name
/// from a program.
namespace errors {

/// Appends `value` to `out` in the form used in error messages.
inline void append_text(std::string& out, std::string_view value) { out += value; }
inline void append_text(std::string& out, std::int64_t value) { out += std::to_string(value); }
inline void append_text(std::string& out, std::uint64_t value) { out += std::to_string(value); }
inline void append_text(std::string& out, int value) { out += std::to_string(value); }
inline void append_text(std::string& out, unsigned value) { out += std::to_string(value); }
void append_text(std::string& out, double value);  // shortest form that reads back: 0.1, 1e-05, nan

/// Concatenates strings, numbers and everything else with an `append_text` (shapes, dtypes).
template <class... Parts>
std::string text(const Parts&... parts) {
  std::string out;
  (append_text(out, parts), ...);
  return out;
}

/// Throws Error("[operation] parts...").
template <class... Parts>
[[noreturn]] void fail(std::string_view operation, const Parts&... parts) {
  throw Error(text("[", operation, "] ", parts...));
}

}  // namespace errors

namespace detail {
// What the exception says that is being handled.
std::string current_message();
}  // namespace detail

}  // namespace plumb

#ifndef __cpp_rtti
#error "plumb throws and catches by type: compile what includes it without -fno-rtti"
#endif
