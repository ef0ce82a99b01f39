#include "wav_header.hpp"

#include <cstring>
#include <optional>
#include <string>

#include "../../../core/runtime/internal/fail.hpp"

namespace plumb::data::detail {
namespace {

using plumb::detail::InputFile;
using plumb::detail::Origin;

constexpr std::uint32_t never_filled_in = 0xffffffff;  // what a stream leaves as its size, or 0
constexpr int pcm = 1, ieee_float = 3, extensible = 0xfffe;
// Behind the two bytes of the format: what every identifier of a format in a WAV file ends with.
constexpr unsigned char guid_end[14] = {0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80,
                                        0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71};

std::uint32_t little_endian(const unsigned char* bytes, int count) {
  std::uint32_t value = 0;
  for (int i = count - 1; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

struct Chunk {
  std::string name;
  std::uint64_t begin = 0;  // of its content
  std::uint32_t size = 0;
};

// "2 (ADPCM)"
std::string describe_format(std::uint32_t format) {
  const auto name = [&]() -> const char* {
    switch (format) {
      case 0x02:
        return " (ADPCM)";
      case 0x06:
        return " (A-law)";
      case 0x07:
        return " (mu-law)";
      case 0x11:
        return " (IMA ADPCM)";
      case 0x31:
        return " (GSM 6.10)";
      case 0x55:
        return " (MP3)";
      default:
        return "";
    }
  };
  return text(format, name());
}

// Where the RIFF file ends, by its own account.
std::uint64_t read_riff(const InputFile& file) {
  const Origin& origin = file.origin();
  unsigned char riff[12];
  if (file.size() < sizeof riff)
    origin.refuse("expected a WAV header, the file holds ", file.size(), " bytes");
  file.read_at(riff, sizeof riff, 0);
  if (std::memcmp(riff, "RIFF", 4) != 0)
    origin.refuse("is no WAV file: it does not begin with RIFF");
  if (std::memcmp(riff + 8, "WAVE", 4) != 0)
    origin.refuse("is a RIFF file of kind '", std::string(riff + 8, riff + 12),
                  "', expected 'WAVE'");
  const std::uint32_t size = little_endian(riff + 4, 4);
  if (size == 0 || size == never_filled_in)
    origin.refuse("the header declares ", size,
                  " bytes, as a stream does whose length was never filled in");
  if (std::uint64_t{size} + 8 > file.size())
    origin.refuse("is truncated: the header declares ", std::uint64_t{size} + 8,
                  " bytes, the file holds ", file.size());
  return std::uint64_t{size} + 8;
}

void check_size(const Origin& origin, const Chunk& chunk, std::uint64_t end) {
  if (chunk.name == "data" && (chunk.size == 0 || chunk.size == never_filled_in))
    origin.refuse("chunk 'data' declares ", chunk.size,
                  " bytes, as a stream does whose length was never filled in");
  if (chunk.size > end - chunk.begin)
    origin.refuse("is truncated: chunk '", chunk.name, "' declares ", chunk.size,
                  " bytes, there are ", end - chunk.begin);
}

struct Format {
  std::uint32_t format = 0, channels = 0, rate = 0, block_align = 0, bits = 0;
};

Format read_format(const InputFile& file, const Chunk& chunk) {
  const Origin& origin = file.origin();
  if (chunk.size < 16)
    origin.refuse("chunk 'fmt ' has ", chunk.size, " bytes, expected 16 or more");
  unsigned char bytes[40] = {};
  file.read_at(bytes, chunk.size < sizeof bytes ? 16 : sizeof bytes, chunk.begin);
  Format format{little_endian(bytes, 2), little_endian(bytes + 2, 2), little_endian(bytes + 4, 4),
                little_endian(bytes + 12, 2), little_endian(bytes + 14, 2)};
  if (format.format != extensible) return format;
  if (chunk.size < sizeof bytes)
    origin.refuse("chunk 'fmt ' has ", chunk.size, " bytes, the extensible format takes 40");
  if (std::memcmp(bytes + 26, guid_end, sizeof guid_end) != 0)
    origin.refuse("is of an extensible format that is not one of WAV's");
  format.format = little_endian(bytes + 24, 2);
  return format;
}

void check_format(const Origin& origin, const Format& format) {
  if (format.format != pcm && format.format != ieee_float)
    origin.refuse("is of format ", describe_format(format.format),
                  ", expected 1 (PCM) or 3 (float)");
  const bool known = format.format == pcm
                         ? format.bits % 8 == 0 && format.bits >= 8 && format.bits <= 32
                         : format.bits == 32 || format.bits == 64;
  if (!known)
    origin.refuse("has samples of ", format.bits, " bits, expected ",
                  format.format == pcm ? "8, 16, 24 or 32" : "32 or 64");
  constexpr std::uint32_t most_channels = 1024;  // of libsndfile
  if (format.channels < 1 || format.channels > most_channels)
    origin.refuse("has ", format.channels, " channels, expected 1 to ", most_channels);
  if (format.block_align != format.channels * format.bits / 8)
    origin.refuse("declares a block align of ", format.block_align, ", ", format.channels,
                  " channels of ", format.bits, " bits have ", format.channels * format.bits / 8);
  constexpr std::uint32_t fastest = 10'000'000;
  if (format.rate < 1 || format.rate > fastest)
    origin.refuse("declares a rate of ", format.rate, " Hz, expected 1 to ", fastest);
}

}  // namespace

WavHeader read_wav_header(const InputFile& file) {
  const Origin& origin = file.origin();
  const std::uint64_t end = read_riff(file);
  std::optional<Format> format;
  std::optional<Chunk> samples;
  constexpr int most_chunks = 10'000;  // so that a file of empty ones is soon refused
  int chunks = 0;
  for (std::uint64_t at = 12; at + 8 <= end;) {
    if (++chunks > most_chunks) origin.refuse("has more than ", most_chunks, " chunks");
    unsigned char bytes[8];
    file.read_at(bytes, sizeof bytes, at);
    const Chunk chunk{std::string(bytes, bytes + 4), at + 8, little_endian(bytes + 4, 4)};
    check_size(origin, chunk, end);
    if (chunk.name == "fmt ") {
      if (format) origin.refuse("has two chunks 'fmt '");
      format = read_format(file, chunk);
      check_format(origin, *format);
    } else if (chunk.name == "data") {
      if (!format) origin.refuse("has no chunk 'fmt ' before the samples");
      if (samples) origin.refuse("has two chunks 'data'");
      samples = chunk;
    }
    at = chunk.begin + chunk.size + chunk.size % 2;
  }
  if (!format) origin.refuse("has no chunk 'fmt '");
  if (!samples) origin.refuse("has no chunk 'data'");
  if (samples->size % format->block_align != 0)
    origin.refuse("chunk 'data' has ", samples->size, " bytes, which is no multiple of the ",
                  format->block_align, " that a frame takes");
  return {format->format == ieee_float, format->channels, format->rate, format->bits,
          samples->size / format->block_align};
}

}  // namespace plumb::data::detail
