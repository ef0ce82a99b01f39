// How often each digit is taken for which.
#pragma once

#include <cstdint>
#include <plumb/core/tensor/tensor.hpp>

class Confusion {
 public:
  /// Classes 0 to 9, int64 [n].
  void add(const plumb::Tensor& digits, const plumb::Tensor& guesses);
  /// Share of right guesses; NaN for none.
  double accuracy() const;
  /// The table, with the percentage of each digit that was right, on stdout.
  void print() const;

 private:
  std::int64_t counts_[10][10] = {};  // [true digit][predicted digit]
};
