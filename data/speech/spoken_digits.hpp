// Spoken digits made on the spot by a formant synthesizer: speech to learn from without a download.
#pragma once

#include <cstdint>

#include "clips.hpp"

namespace plumb::data {

/// Which digits are spoken. Every sample is a pure function of seed, index and the shares below: the
/// same on every machine, for any number of threads and for any count.
struct SpokenDigitOptions {
  std::uint64_t seed = 0;
  /// Index of the first sample. Sets whose ranges of indices do not overlap share no sample. Indices
  /// go up to 2^40.
  std::int64_t first_index = 0;
  /// How loud the noise is at its loudest, as a share of the speech (root mean squares), in [0, 10].
  double noise = 0.3;
  /// The share of the clips in which nothing is heard but the noise, in [0, 1]. What is said there
  /// nobody can know: the label is drawn anew.
  double unheard = 0.01;
};

/// `count` digits at 8 kHz, "0" to "9", of 0.3 to 1.1 s. Each is spoken by a speaker of its own (pitch,
/// length of the vocal tract, melody), at a tempo of its own, between two silences, and then noise is
/// added. Throws for options out of their ranges.
Clips speak_digits(std::int64_t count, const SpokenDigitOptions& options = {});

/// The highest accuracy that can be expected of any listener: 1 - unheard * 9 / 10, since a digit that
/// is not heard is guessed right once in ten. The others are told apart without error as long as noise
/// is moderate.
double best_accuracy(const SpokenDigitOptions& options);

}  // namespace plumb::data
