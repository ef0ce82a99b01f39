// Augmentation of sounds and of their features: pure functions of seed, epoch and sample.
#pragma once

#include <cstdint>

#include "../../core/runtime/random.hpp"
#include "../../core/tensor/tensor.hpp"

namespace plumb::data {

/// The random numbers of one sample in one epoch, independent of all others. `index` in [0, 2^40).
Generator augmentation_generator(std::uint64_t seed, std::int64_t epoch, std::int64_t index);

/// How a sound is changed, in this order. 0 changes nothing.
struct SoundChanges {
  /// Played by a factor uniform in [1 - speed, 1 + speed] as fast, in [0, 0.5]: length and pitch
  /// change with it. Samples between samples are interpolated linearly.
  double speed = 0;
  /// Moved by a number of samples uniform in [-shift, shift], at most 2^40: what leaves one end is lost, the
  /// other end is silent. The length stays.
  std::int64_t shift = 0;
  /// Made louder by a number of decibels uniform in [-gain, gain], in [0, 100].
  double gain = 0;
  /// White noise is added whose standard deviation is uniform in [0, noise] times the sound's own
  /// root mean square, >= 0.
  double noise = 0;

  bool any() const { return speed > 0 || shift > 0 || gain > 0 || noise > 0; }
  /// Throws "[SoundChanges] speed must be in [0, 0.5], got 1" and the like.
  void check() const;
};

/// A changed copy of x [n], float32. Takes the same numbers for any options.
Tensor change_sound(const Tensor& x, const SoundChanges& changes, Generator random);

/// SpecAugment (Park et al. 2019): frames and bands that the model does not get to see.
struct FeatureMasks {
  std::int64_t time_masks = 0;  ///< How many runs of frames, in [0, 100].
  std::int64_t time_width = 0;  ///< Each of 0 to so many frames, uniformly, >= 0, ...
  double time_share =
      0.2;  ///< ... but of no more than this share of the frames there are, in [0, 1].
  std::int64_t band_masks = 0;  ///< How many runs of bands, in [0, 100].
  std::int64_t band_width = 0;  ///< Each of 0 to so many bands, uniformly, >= 0.

  bool any() const { return time_masks * time_width > 0 || band_masks * band_width > 0; }
  /// Throws "[FeatureMasks] ..." for numbers out of their ranges.
  void check() const;
};

/// A copy of x [frames, bands], float32, whose masks have the mean of x as their value. The paper
/// takes 0, the mean of features that were standardized.
Tensor mask_features(const Tensor& x, const FeatureMasks& masks, Generator random);

}  // namespace plumb::data
