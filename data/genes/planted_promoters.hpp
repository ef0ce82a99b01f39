// Promoters made on the spot: a task of genes that needs no download, and whose best result is known.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "fasta.hpp"

namespace plumb::data {

/// Which sequences are made. Each is a pure function of seed and index: the same on every machine, for
/// any count.
struct PromoterOptions {
  std::uint64_t seed = 0;
  /// Index of the first sequence. Sets whose ranges of indices do not overlap share none.
  std::int64_t first_index = 0;
};

/// Draws `count` sequences of 57 letters, half of them promoters, with "label=promoter" or
/// "label=none" in their headers, as the promoters of E. coli in UCI's repository have.
///
/// All letters are random, A, C, G and T alike. A promoter has two boxes besides: TTGACA, 16 to 18
/// letters behind it TATAAT, which begins at letter 36 to 40. A letter of a box is the one written here
/// with a probability between 0.45 and 0.96, about as conserved as in E. coli; otherwise one of the
/// others. Throws for a negative count or index, and indices from 2^47 on.
std::vector<FastaRecord> draw_promoters(std::int64_t count, const PromoterOptions& options = {});

/// The probability that a sequence which draw_promoters may have drawn is a promoter, exactly: what
/// nothing that is trained can know better. Throws unless it has 57 letters out of A, C, G, T.
double promoter_probability(std::string_view sequence);

/// The Bayes error, that of guessing by promoter_probability: the mean of min(p, 1 - p) over so many
/// sequences, drawn with a seed of its own. Its standard error is 0.12 / sqrt(samples). Takes about
/// a microsecond a sample.
double promoter_bayes_error(std::int64_t samples = 200000);

}  // namespace plumb::data
