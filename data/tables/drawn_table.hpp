// A table made on the spot: a task of columns that needs no download, and whose best result is known.
#pragma once

#include <cstdint>
#include <string>

namespace plumb::data {

/// Which rows are made. Each is a pure function of seed, index and noise: the same on every machine,
/// for any count.
struct DrawnTableOptions {
  std::uint64_t seed = 0;
  /// Index of the first row. Tables whose ranges of indices do not overlap share none.
  std::int64_t first_index = 0;
  /// How many labels say the opposite, in [0, 0.5]: the error of the best possible guess (Bayes
  /// error), exactly.
  double noise = 0.1;
};

/// `count` rows as CSV, under "x1,x2,x3,kind,label": three numbers from N(0, 1) with three decimals,
/// a kind out of red, green and blue, and a label, yes or no. Of a red row it is yes where
/// x1 + x2 > 0, of a green one where x1 x2 > 0, of a blue one where x1^2 + x2^2 > 2 log 2, half the
/// time each; x3 says nothing. Throws for options out of their ranges and indices from 2^47 on.
///
///     const data::Csv table = data::parse_csv(data::draw_table(1000));
std::string draw_table(std::int64_t count, const DrawnTableOptions& options = {});

}  // namespace plumb::data
