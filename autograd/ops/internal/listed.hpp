// A list of numbers as error messages show it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plumb::detail {

/// "{2, -1}".
inline std::string listed(const std::vector<std::int64_t>& numbers) {
  std::string out = "{";
  for (std::size_t i = 0; i < numbers.size(); ++i)
    out += (i > 0 ? ", " : "") + std::to_string(numbers[i]);
  return out + "}";
}

}  // namespace plumb::detail
