#include "scalar_text.hpp"

#include <charconv>
#include <cmath>
#include <cstring>
#include <system_error>

#include "../../runtime/internal/fail.hpp"

namespace plumb::detail {
namespace {

constexpr const char* nan_mark = "nan:";

// The whole of `digits` as a number of base 10 or 16.
template <class T, class... Base>
bool read(const std::string& digits, T& value, Base... base) {
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base...);
  return error == std::errc() && stop == end && !digits.empty();
}

// The shortest decimal number reads back exactly; a NaN is told by its bits.
std::string double_text(double value) {
  if (!std::isnan(value)) return text(value);
  std::uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  char digits[16];
  return nan_mark + std::string(digits, std::to_chars(digits, digits + 16, bits, 16).ptr);
}

bool read_double(const std::string& text, double& value) {
  if (text.rfind(nan_mark, 0) != 0) return read(text, value) && !std::isnan(value);
  std::uint64_t bits = 0;
  if (!read(text.substr(std::strlen(nan_mark)), bits, 16)) return false;
  std::memcpy(&value, &bits, sizeof value);
  return std::isnan(value);
}

}  // namespace

std::string scalar_text(const StateDict::Scalar& scalar) {
  if (const auto* value = std::get_if<bool>(&scalar)) return *value ? "bool true" : "bool false";
  if (const auto* value = std::get_if<std::int64_t>(&scalar)) return text("int64 ", *value);
  if (const auto* value = std::get_if<double>(&scalar)) return "double " + double_text(*value);
  return "string " + std::get<std::string>(scalar);
}

StateDict::Scalar parse_scalar(const Origin& origin, const std::string& name,
                               const std::string& text) {
  const std::size_t space = text.find(' ');
  const std::string kind = text.substr(0, space);
  const std::string value = space == std::string::npos ? "" : text.substr(space + 1);
  std::int64_t integer = 0;
  double number = 0;
  if (kind == "bool" && (value == "true" || value == "false")) return value == "true";
  if (kind == "int64" && read(value, integer)) return integer;
  if (kind == "double" && read_double(value, number)) return number;
  if (kind == "string" && space != std::string::npos) return value;
  origin.refuse("scalar '", name, "' reads '", text, "'");
}

}  // namespace plumb::detail
