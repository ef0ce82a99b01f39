// Decimal numbers in text.
#pragma once

#include <optional>
#include <string_view>

namespace plumb::data::detail {

// The number that the whole text is: "-1", "+.5", "1e-3". Infinities, NaN, hexadecimal, spaces and
// what exceeds a double are none.
std::optional<double> parse_number(std::string_view text);

// Whether whoever wrote the text meant a number: what parse_number() reads, "nan", "-inf", "1e999", " 7".
bool resembles_number(std::string_view text);

}  // namespace plumb::data::detail
