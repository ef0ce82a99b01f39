// The chunks of a WAV file, checked before anybody reads the samples.
#pragma once

#include <cstdint>

#include "../../../core/io/internal/input_file.hpp"

namespace plumb::data::detail {

// What the chunk 'fmt ' says, and how much there is in 'data'.
struct WavHeader {
  bool floating = false;  // otherwise PCM
  std::int64_t channels = 0;
  std::int64_t rate = 0;
  std::int64_t bits = 0;    // of one sample
  std::int64_t frames = 0;  // a sample of each channel
};

// Throws for all that load_wav promises to refuse but rate, channels and what the samples hold.
WavHeader read_wav_header(const plumb::detail::InputFile& file);

}  // namespace plumb::data::detail
