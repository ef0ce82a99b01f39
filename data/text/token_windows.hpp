// Windows of a long row of tokens: what predicts each token from those before it trains on.
#pragma once

#include <cstdint>

#include "../../core/tensor/tensor.hpp"
#include "../dataset.hpp"
#include "../loader.hpp"

namespace plumb::data {

/// Windows of `length` tokens. Sample i begins at token s = i * stride: x is ids[s, s + length), y
/// is ids[s + 1, s + length + 1). Batches are int64 [n, length] both.
///
/// With stride 1 every place is a start; a RandomSampler draws as many of them as an epoch is to
/// have. With stride = length the windows lie side by side, as a test wants them; the last tokens,
/// too few for a window, are left out.
class TokenWindows : public Dataset {
 public:
  /// `ids` is int64 or uint8 [tokens], shared and not copied. Throws for another shape or type, for
  /// a length or stride below 1, and for ids that hold no window.
  TokenWindows(Tensor ids, std::int64_t length, std::int64_t stride = 1);

  std::int64_t size() const override { return size_; }
  Batch gather(Indices indices) const override;

 private:
  Tensor ids_;
  std::int64_t length_, stride_, size_;
};

/// The tokens as `streams` rows of equal length, read side by side (truncated backpropagation
/// through time): row r of batch b + 1 goes on where row r of batch b ended, so that the state of a
/// recurrent network may be carried over, detached. An epoch starts from the beginnings of the rows,
/// where the state is to be 0.
///
/// Sample b * streams + r is row r of batch b. Tokens at the end that fill no row or no window are
/// left out.
///
///     auto streams = std::make_shared<data::TokenStreams>(ids, 32, 64);
///     data::DataLoader loader(streams, streams->loader_options());
class TokenStreams : public Dataset {
 public:
  /// `ids` as for TokenWindows. Throws for what it does, and for streams that are too short for a
  /// window.
  TokenStreams(Tensor ids, std::int64_t streams, std::int64_t length);

  std::int64_t size() const override { return streams_ * windows_; }
  Batch gather(Indices indices) const override;
  std::int64_t streams() const { return streams_; }
  /// Batches of `streams` samples in order: others would not continue one another.
  LoaderOptions loader_options() const;

 private:
  Tensor ids_;
  std::int64_t streams_, length_, row_, windows_;
};

}  // namespace plumb::data
