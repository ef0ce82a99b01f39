#include "confusion.hpp"

#include <cstdio>

void Confusion::add(const plumb::Tensor& digits, const plumb::Tensor& guesses) {
  for (std::int64_t i = 0; i < digits.numel(); ++i)
    ++counts_[digits.data<std::int64_t>()[i]][guesses.data<std::int64_t>()[i]];
}

double Confusion::accuracy() const {
  std::int64_t right = 0, all = 0;
  for (int digit = 0; digit < 10; ++digit)
    for (int guess = 0; guess < 10; ++guess) {
      all += counts_[digit][guess];
      if (digit == guess) right += counts_[digit][guess];
    }
  return static_cast<double>(right) / static_cast<double>(all);
}

void Confusion::print() const {
  std::puts("\nrows: digit, columns: what it was taken for");
  for (int guess = 0; guess < 10; ++guess) std::printf("%6d", guess);
  std::puts("   right");
  for (int digit = 0; digit < 10; ++digit) {
    std::int64_t row = 0;
    std::printf("%d", digit);
    for (int guess = 0; guess < 10; ++guess) {
      std::printf("%*lld", guess == 0 ? 5 : 6, static_cast<long long>(counts_[digit][guess]));
      row += counts_[digit][guess];
    }
    const double right =
        row == 0 ? 0
                 : 100.0 * static_cast<double>(counts_[digit][digit]) / static_cast<double>(row);
    std::printf("  %5.1f %%\n", right);
  }
}
