// The letters of nucleotides (IUPAC) as sets of the bases A, C, G, T.
#pragma once

#include <array>
#include <cstdint>

namespace plumb::data::detail {

// Bit 0 is A, 1 C, 2 G, 3 T; 0 is what is no nucleotide. U is T. Either case.
using BaseSet = std::uint8_t;

constexpr std::array<BaseSet, 256> make_base_sets() {
  std::array<BaseSet, 256> sets{};
  constexpr struct {
    char letter;
    BaseSet set;
  } letters[] = {{'A', 1},  {'C', 2},  {'G', 4}, {'T', 8},  {'U', 8}, {'R', 5},
                 {'Y', 10}, {'S', 6},  {'W', 9}, {'K', 12}, {'M', 3}, {'B', 14},
                 {'D', 13}, {'H', 11}, {'V', 7}, {'N', 15}};
  for (const auto& [letter, set] : letters) {
    sets[static_cast<unsigned char>(letter)] = set;
    sets[static_cast<unsigned char>(letter) + 32] = set;  // lower case
  }
  return sets;
}

inline constexpr std::array<BaseSet, 256> base_sets = make_base_sets();

inline BaseSet base_set(char letter) { return base_sets[static_cast<unsigned char>(letter)]; }

// The number of a single base, 0 to 3; -1 for sets of several.
inline int base_number(BaseSet set) {
  return set == 1 ? 0 : set == 2 ? 1 : set == 4 ? 2 : set == 8 ? 3 : -1;
}

// What pairs with the bases of the set: A with T, C with G.
inline BaseSet complement(BaseSet set) {
  return static_cast<BaseSet>((set & 1) << 3 | (set & 2) << 1 | (set & 4) >> 1 | (set & 8) >> 3);
}

}  // namespace plumb::data::detail
