// WAV files: one sound each.
#pragma once

#include <cstdint>
#include <string>

#include "../../core/tensor/tensor.hpp"

namespace plumb::data {

/// A sound of one channel.
struct Sound {
  Tensor samples;         ///< float32 [n]; full scale is 1.
  std::int64_t rate = 0;  ///< Samples in a second.
};

/// What to do with files of several channels.
enum class Channels : std::uint8_t {
  one,    ///< Refuse them.
  mixed,  ///< Take the mean of the channels.
};

/// How load_wav reads.
struct WavOptions {
  /// The rate that files must have, in Hz; 0 takes any. Nothing is resampled.
  std::int64_t rate = 0;
  Channels channels = Channels::one;
};

/// Reads a WAV file with libsndfile: PCM of 8, 16, 24 or 32 bits, which becomes [-1, 1), and floats
/// of 32 or 64 bits, which stay as they are.
///
/// The chunks are checked first, since libsndfile takes what it finds: throws "[load_wav] path: ..."
/// for what cannot be opened or is no RIFF file of kind WAVE; without one chunk 'fmt ' and one 'data'
/// behind it; for another format (ADPCM, say), named; for a block align that contradicts channels and
/// bits; for sizes of 0 or 2^32 - 1, which a stream leaves behind whose length was never filled in;
/// for a file that ends before its declared end; for a fraction of a frame; for floats that are not
/// finite; and for another rate or number of channels than asked for.
Sound load_wav(const std::string& path, const WavOptions& options = {});

}  // namespace plumb::data
