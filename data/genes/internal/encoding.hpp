// One sequence as a row of a batch.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "nucleotides.hpp"

namespace plumb::data::detail {

// The letters as sets of bases. Throws for one that is none.
std::vector<BaseSet> to_base_sets(const char* operation, std::string_view sequence);

void check_k(const char* operation, int k, std::int64_t letters);

// One-hot: base b of letter i at to[b * base_stride + i * letter_stride].
template <class T>
void write_one_hot(const BaseSet* sets, std::int64_t letters, T* to, std::int64_t base_stride,
                   std::int64_t letter_stride) {
  constexpr T share[] = {T(0), T(1), T(1) / 2, T(1) / 3, T(1) / 4};
  for (std::int64_t i = 0; i < letters; ++i) {
    const int bases = __builtin_popcount(sets[i]);
    for (int base = 0; base < 4; ++base)
      to[base * base_stride + i * letter_stride] = (sets[i] >> base & 1) != 0 ? share[bases] : T(0);
  }
}

// The letters - k + 1 words.
void write_k_mers(const BaseSet* sets, std::int64_t letters, int k, std::int64_t* to);

}  // namespace plumb::data::detail
