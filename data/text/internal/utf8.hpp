// UTF-8 (RFC 3629), read strictly.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plumb::data::detail {

struct CodePoint {
  std::uint32_t value;
  int bytes;  // 0 where there is no code point: overlong forms and surrogates are none
};

// The code point that begins at byte `at` of the text, which must lie inside.
CodePoint decode_utf8(std::string_view text, std::size_t at);

// Whether the number is that of a character: at most 0x10ffff and no surrogate.
bool is_code_point(std::int64_t value);

void append_utf8(std::string& out, std::uint32_t value);

// "byte 20 (line 3)", counted from 0 and from 1.
std::string place_of(std::string_view text, std::size_t byte);

// The first byte at which no code point begins; npos where there is none.
std::size_t find_invalid_utf8(std::string_view text);

// "byte 20 (line 3) is no UTF-8: 0xc3".
std::string utf8_problem(std::string_view text, std::size_t byte);

[[noreturn]] void refuse_utf8(const char* operation, std::string_view text, std::size_t byte);

// Calls f(code point, byte where it begins) for each, up to the first that is none; returns where
// that is, or npos.
template <class F>
std::size_t visit_code_points(std::string_view text, F&& f) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      f(std::uint32_t{byte}, at++);
      continue;
    }
    const CodePoint point = decode_utf8(text, at);
    if (point.bytes == 0) return at;
    f(point.value, at);
    at += static_cast<std::size_t>(point.bytes);
  }
  return std::string_view::npos;
}

// The same; throws "[operation] byte 20 (line 3) is no UTF-8: 0xc3".
template <class F>
void for_each_code_point(const char* operation, std::string_view text, F&& f) {
  const std::size_t invalid = visit_code_points(text, f);
  if (invalid != std::string_view::npos) refuse_utf8(operation, text, invalid);
}

}  // namespace plumb::data::detail
