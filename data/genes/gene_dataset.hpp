// GeneDataset: sequences of nucleotides as batches for convolutions, recurrent nets or embeddings.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "../dataset.hpp"
#include "fasta.hpp"

namespace plumb::data {

/// The shape in which sequences reach the model.
enum class GeneLayout : std::uint8_t {
  channels,  ///< One-hot [n, 4, letters], for convolutions.
  steps,     ///< One-hot [n, letters, 4], for recurrent nets and attention.
  words,     ///< k-mers int64 [n, letters - k + 1], for an embedding of 4^k + 1 rows.
};

/// Which strands are samples.
enum class Strands : std::uint8_t {
  given,  ///< The sequences as they are.
  both,   ///< Their reverse complements too, behind them: sample n + i is the other strand of i.
};

/// How a GeneDataset makes batches.
struct GeneOptions {
  GeneLayout layout = GeneLayout::channels;
  int k = 3;  ///< Of words, in [1, 15].
  Strands strands = Strands::given;
  /// Behind the end of shorter sequences, not of channels: without it, unlike lengths are refused. Of
  /// words it may be 4^k + 1, a number of its own.
  std::optional<double> padding = std::nullopt;
};

/// Records of a FASTA file with a label each. Batches are x: float32 one-hot, or int64 words; y: int64
/// [n] or undefined; lengths where there is padding. A letter for several bases spreads its one over
/// them, and a word that has one is 4^k.
///
///     const auto records = data::load_fasta(path);
///     const auto names = data::header_values(records, "label");
///     const data::Categories classes(names);
///     const data::GeneDataset set(records, classes.encode(names));
class GeneDataset : public Dataset {
 public:
  /// `labels`: int64 or uint8 [records], or undefined. Throws for no records, labels of another kind,
  /// a letter that is no nucleotide, words longer than a sequence, and for unlike lengths without
  /// padding, or in channels, where nothing would tell a model which steps are padding.
  explicit GeneDataset(const std::vector<FastaRecord>& records, const Tensor& labels = {},
                       const GeneOptions& options = {});

  std::int64_t size() const override;
  Batch gather(Indices indices) const override;
  /// Letters of each sample, or words: what a BucketSampler sorts by.
  const std::vector<std::int64_t>& lengths() const { return lengths_; }

 private:
  Tensor gather_x(Indices indices, std::int64_t steps) const;

  GeneOptions options_;
  std::vector<std::uint8_t> letters_;  // of all records, as sets of bases
  std::vector<std::int64_t> begins_;   // of each record; the end of all
  std::vector<std::int64_t> lengths_;  // of each sample, in steps
  Tensor labels_;                      // of each record
};

}  // namespace plumb::data
