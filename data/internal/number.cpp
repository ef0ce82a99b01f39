#include "number.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>

namespace plumb::data::detail {

namespace {

// Up to 15 digits, a point among them or not: a whole number below 2^53 divided by a power
// of ten below 10^23 is rounded once, as from_chars rounds.
std::optional<double> parse_short(std::string_view text) {
  static constexpr double powers[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  constexpr std::size_t most = 17;  // with a sign and a point
  if (text.size() > most) return std::nullopt;
  const bool negative = !text.empty() && text.front() == '-';
  std::int64_t whole = 0;
  int digits = 0, behind = -1;  // behind the point, -1 before it
  for (std::size_t i = negative ? 1 : 0; i < text.size(); ++i) {
    const unsigned digit = static_cast<unsigned char>(text[i]) - unsigned{'0'};
    if (digit <= 9) {
      whole = 10 * whole + digit;
      ++digits;
      if (behind >= 0) ++behind;
    } else if (text[i] == '.' && behind < 0) {
      behind = 0;
    } else {
      return std::nullopt;
    }
  }
  if (digits == 0 || digits > 15) return std::nullopt;
  const double value = static_cast<double>(whole) / powers[behind > 0 ? behind : 0];
  return negative ? -value : value;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  if (const std::optional<double> number = parse_short(text)) return number;
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return std::nullopt;
  }
  const char* end = text.data() + text.size();
  double value = 0;
  const auto [stop, problem] = std::from_chars(text.data(), end, value);
  if (stop != end || text.empty()) return std::nullopt;
  // from_chars calls too small what is too large, and leaves the value alone.
  if (problem != std::errc() || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool resembles_number(std::string_view text) {
  constexpr const char* blanks = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  text.remove_suffix(text.size() - (text.find_last_not_of(blanks) + 1));
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const char* end = text.data() + text.size();
  return !text.empty() && std::from_chars(text.data(), end, value).ptr == end;
}

}  // namespace plumb::data::detail
