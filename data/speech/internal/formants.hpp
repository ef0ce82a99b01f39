// A spoken digit: a row of speech sounds, made by resonators that a voice and a hiss excite.
#pragma once

#include <cstdint>
#include <vector>

namespace plumb::data::detail {

struct SpokenDigit {
  int digit = 0;  // the label
  bool heard = true;
  std::vector<std::int16_t> samples;  // at 8 kHz
};

// Sample `index` of the sequence `seed`. A pure function of its arguments; index in [0, 2^40).
SpokenDigit speak_digit(std::uint64_t seed, std::int64_t index, double noise, double unheard);

}  // namespace plumb::data::detail
