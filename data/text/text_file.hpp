// Text files, and the part of a text that trains.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plumb::data {

/// What a token of a text is.
enum class TextUnit : std::uint8_t {
  character,  ///< A Unicode code point; the text is UTF-8.
  byte,       ///< A byte, whatever it means.
};

/// Reads a file or pipe, plain or gzip, to the byte: line ends and a byte order mark stay. Throws
/// "[load_text] path: ..." with errno's text for what cannot be opened or read, for gzip that is
/// damaged, and of characters for "byte 20 (line 3) is no UTF-8: 0xc3". Bytes count from 0.
std::string load_text(const std::string& path, TextUnit unit = TextUnit::character);

/// A text in two parts, the second right behind the first.
struct TextParts {
  std::string train, validation;
};

/// The first floor(train * n) of the n characters or bytes train, the others validate. Throws for a
/// fraction outside [0, 1] and for invalid UTF-8.
TextParts split_text(std::string_view text, double train = 0.9,
                     TextUnit unit = TextUnit::character);

}  // namespace plumb::data
