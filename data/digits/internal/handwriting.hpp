// One handwritten digit: a style of the digit, distorted at random and drawn with a pen.
#pragma once

#include <cstdint>

namespace plumb::data::detail {

// Draws sample `index` of the sequence `seed` into 28 x 28 grey pixels (0 paper, 255 ink) and
// returns which digit it is. A pure function of its arguments; difficulty in [0, 1],
// index in [0, 2^47).
int draw_digit(std::uint64_t seed, std::int64_t index, double difficulty, std::uint8_t* pixels);

}  // namespace plumb::data::detail
