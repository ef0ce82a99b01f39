#include "utf8.hpp"

#include <algorithm>

#include "../../../core/runtime/internal/fail.hpp"

namespace plumb::data::detail {

CodePoint decode_utf8(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? std::uint32_t{static_cast<unsigned char>(text[i])} : 0u;
  };
  const std::uint32_t first = byte(at);
  if (first < 0x80) return {first, 1};
  const int bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return {0, 0};
  std::uint32_t value = first & (0x7fu >> bytes);
  for (int i = 1; i < bytes; ++i) {
    const std::uint32_t next = byte(at + static_cast<std::size_t>(i));
    if ((next & 0xc0) != 0x80) return {0, 0};
    value = value << 6 | (next & 0x3f);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < least[bytes] || !is_code_point(value)) return {0, 0};
  return {value, bytes};
}

bool is_code_point(std::int64_t value) {
  return value >= 0 && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
}

void append_utf8(std::string& out, std::uint32_t value) {
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  const auto tail = [&](int shift) { add(0x80 | (value >> shift & 0x3f)); };
  if (value < 0x80) return add(value);
  if (value < 0x800) {
    add(0xc0 | value >> 6);
  } else if (value < 0x10000) {
    add(0xe0 | value >> 12);
    tail(6);
  } else {
    add(0xf0 | value >> 18);
    tail(12);
    tail(6);
  }
  tail(0);
}

std::string place_of(std::string_view text, std::size_t byte) {
  const auto line =
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(byte), '\n');
  return plumb::text("byte ", static_cast<std::uint64_t>(byte), " (line ",
                     static_cast<std::int64_t>(line + 1), ")");
}

std::size_t find_invalid_utf8(std::string_view text) {
  return visit_code_points(text, [](std::uint32_t, std::size_t) {});
}

std::string utf8_problem(std::string_view text, std::size_t byte) {
  constexpr const char* digits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(text[byte]);
  const char hexadecimal[] = {'0', 'x', digits[value >> 4], digits[value & 15], '\0'};
  return plumb::text(place_of(text, byte), " is no UTF-8: ", hexadecimal);
}

void refuse_utf8(const char* operation, std::string_view text, std::size_t byte) {
  fail(operation, utf8_problem(text, byte));
}

}  // namespace plumb::data::detail
