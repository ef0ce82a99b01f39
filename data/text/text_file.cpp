#include "text_file.hpp"

#include <cstddef>

#include "../../core/io/internal/origin.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../internal/whole_file.hpp"
#include "internal/utf8.hpp"

namespace plumb::data {

std::string load_text(const std::string& path, TextUnit unit) {
  const plumb::detail::Origin origin{"load_text", path};
  return origin.named([&] {
    std::string text = detail::read_whole(origin.operation, path);
    if (unit == TextUnit::character) {
      const std::size_t invalid = detail::find_invalid_utf8(text);
      if (invalid != std::string::npos) origin.refuse(detail::utf8_problem(text, invalid));
    }
    return text;
  });
}

TextParts split_text(std::string_view text, double train, TextUnit unit) {
  constexpr const char* operation = "split_text";
  if (!(train >= 0 && train <= 1))
    fail(operation, "the part that trains must be in [0, 1], got ", train);
  std::size_t count = text.size();
  if (unit == TextUnit::character) {
    count = 0;
    detail::for_each_code_point(operation, text, [&](std::uint32_t, std::size_t) { ++count; });
  }
  const auto first = static_cast<std::size_t>(train * static_cast<double>(count));
  std::size_t end = first >= count ? text.size() : first;
  if (unit == TextUnit::character && first < count) {
    std::size_t number = 0;
    detail::for_each_code_point(operation, text, [&](std::uint32_t, std::size_t at) {
      if (number++ == first) end = at;
    });
  }
  return {std::string(text.substr(0, end)), std::string(text.substr(end))};
}

}  // namespace plumb::data
