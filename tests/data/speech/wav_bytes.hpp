// WAV files as strings, right and wrong.
#pragma once

#include <cstdint>
#include <string>

namespace plumb::test {

inline std::string little_endian(std::uint64_t value, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += static_cast<char>(value >> 8 * i & 255);
  return out;
}

inline std::string chunk(const std::string& name, const std::string& content) {
  return name + little_endian(content.size(), 4) + content + std::string(content.size() % 2, '\0');
}

/// What the chunk 'fmt ' of a file says; `align` -1: what follows from the others.
struct WavFormat {
  int format = 1, channels = 1, rate = 8000, bits = 16, align = -1;
};

inline std::string format_chunk(const WavFormat& f = {}) {
  const int align = f.align < 0 ? f.channels * f.bits / 8 : f.align;
  return chunk("fmt ", little_endian(f.format, 2) + little_endian(f.channels, 2) +
                           little_endian(f.rate, 4) + little_endian(f.rate * align, 4) +
                           little_endian(align, 2) + little_endian(f.bits, 2));
}

inline std::string riff(const std::string& chunks) {
  return "RIFF" + little_endian(4 + chunks.size(), 4) + "WAVE" + chunks;
}

inline std::string wav(const std::string& samples, const WavFormat& format = {}) {
  return riff(format_chunk(format) + chunk("data", samples));
}

}  // namespace plumb::test
