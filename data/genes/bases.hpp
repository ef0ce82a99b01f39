// Sequences of nucleotides as numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "../../core/tensor/tensor.hpp"

namespace plumb::data {

// All of these take letters as load_fasta does, in either case, and throw
// "[operation] letter 5, 'x', is no nucleotide", counted from 0.

/// The other strand: read backwards, each letter replaced by its partner (A and T, C and G; of a letter
/// for several bases by that for their partners). U counts as T. In capitals.
std::string reverse_complement(std::string_view sequence);

/// [4, letters]: a row for each of A, C, G and T. A letter spreads its one evenly over the bases that
/// it stands for: N over all four.
Tensor one_hot_bases(std::string_view sequence, DType dtype = DType::float32);

/// The words of k letters that begin at each place, int64 [letters - k + 1]: numbers in base 4 with
/// A, C, G, T as 0 to 3, the first letter the highest. A word with a letter for several bases is
/// 4^k, so that there are 4^k + 1 numbers. Throws unless 1 <= k <= 15 and k <= letters.
Tensor k_mers(std::string_view sequence, int k);

}  // namespace plumb::data
