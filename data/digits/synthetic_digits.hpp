// Handwritten-looking digits made on the spot: a training set that needs no download.
#pragma once

#include <cstdint>
#include <memory>

#include "../images.hpp"

namespace plumb::data {

/// Which digits are made. Every sample is a pure function of seed, index and difficulty: the same
/// on every machine, for any number of threads and for any count.
struct DigitOptions {
  std::uint64_t seed = 0;
  /// In [0, 1]: 0 is a few clean styles of each digit. At 0.5 an MLP is right as often as on MNIST.
  double difficulty = 0.5;
  /// Index of the first sample. Sets whose ranges of indices do not overlap share no sample: train
  /// on [0, 60000), test with first_index = 60000. Indices go up to 2^47.
  std::int64_t first_index = 0;
};

/// How SyntheticDigits delivers them.
struct DigitDelivery {
  ImageLayout layout = ImageLayout::flat;
  ByteScaling scaling;
  /// Draw all of them at once, 784 bytes each in memory, with all threads. Otherwise each is drawn
  /// (in about 15 microseconds) whenever it is gathered: for sets without end.
  bool cached = true;
};

/// Draws `count` digits, 28 x 28 with dark strokes near 255 on paper of 0, with their labels. Each
/// digit is drawn from strokes, in one of several styles, with elastic and affine distortion, a pen
/// of varying thickness, and noise. Throws for options out of their ranges.
LabelledImages draw_digits(std::int64_t count, const DigitOptions& options = {});

/// The digits of draw_digits as a dataset. Batches are x: float32 [n, 784] unless `delivery` says
/// otherwise; y: int64 [n].
class SyntheticDigits : public Dataset {
 public:
  /// Throws for options out of their ranges.
  explicit SyntheticDigits(std::int64_t count, const DigitOptions& options = {},
                           const DigitDelivery& delivery = {});

  std::int64_t size() const override { return count_; }
  Batch gather(Indices indices) const override;

 private:
  std::int64_t count_;
  DigitOptions options_;
  DigitDelivery delivery_;
  std::shared_ptr<const TensorDataset> drawn_;  // where cached
};

}  // namespace plumb::data
