#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <plumb/data.hpp>
#include <thread>
#include <vector>

#include "../support.hpp"
#include "wav_bytes.hpp"

using namespace plumb;
using namespace std::string_literals;
using data::Channels;
using data::load_wav;
using data::Sound;
using test::chunk;
using test::contains;
using test::error_of;
using test::format_chunk;
using test::little_endian;
using test::riff;
using test::TemporaryFolder;
using test::wav;

namespace {

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::vector<float> samples(const std::string& content, const data::WavOptions& options = {}) {
  const TemporaryFolder folder;
  return load_wav(folder.write("x.wav", content), options).samples.to_vector<float>();
}

// What load_wav says of a file, behind its path.
std::string refusal(const std::string& content, const data::WavOptions& options = {}) {
  const TemporaryFolder folder;
  const std::string path = folder.write("x.wav", content);
  const std::string error = error_of([&] { load_wav(path, options); });
  const std::string start = "[load_wav] " + path + ": ";
  REQUIRE(error.substr(0, start.size()) == start);
  return error.substr(start.size());
}

}  // namespace

TEST_CASE("load_wav: PCM of every width, and floats") {
  using V = std::vector<float>;
  CHECK(samples(wav("\x80\xff\x01\x40"s, {1, 1, 8000, 8})) ==
        V{0, 127 / 128.f, -127 / 128.f, -0.5f});
  CHECK(samples(wav(bytes_of<std::int16_t>({0, 32767, -32768, 8192}))) ==
        V{0, 32767 / 32768.f, -1, 0.25f});
  CHECK(samples(wav(little_endian(0x400000, 3) + little_endian(0x800000, 3), {1, 1, 8000, 24})) ==
        V{0.5f, -1});
  CHECK(samples(wav(bytes_of<std::int32_t>({1 << 29, INT32_MIN}), {1, 1, 8000, 32})) ==
        V{0.25f, -1});
  CHECK(samples(wav(bytes_of<float>({0.1f, -3}), {3, 1, 8000, 32})) == V{0.1f, -3});
  CHECK(samples(wav(bytes_of<double>({0.1, 2}), {3, 1, 8000, 64})) == V{0.1f, 2});
}

TEST_CASE("load_wav: the extensible format, chunks of others, odd sizes and what follows the end") {
  const std::string guid("\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71", 16);
  std::string fmt = little_endian(0xfffe, 2) + little_endian(1, 2) + little_endian(8000, 4) +
                    little_endian(16000, 4) + little_endian(2, 2) + little_endian(16, 2) +
                    little_endian(22, 2) + little_endian(16, 2) + little_endian(4, 4) + guid;
  const std::string data = chunk("data", bytes_of<std::int16_t>({16384, -16384}));
  const std::string others = chunk("LIST", "INFOodd");
  CHECK(samples(riff(chunk("fmt ", fmt) + others + data + others) + "behind") ==
        std::vector<float>{0.5f, -0.5f});
  fmt.back() = '\0';
  CHECK(contains(refusal(riff(chunk("fmt ", fmt) + data)),
                 "extensible format that is not one of WAV's"));
  CHECK(contains(refusal(riff(chunk("fmt ", fmt.substr(0, 18)) + data)), "has 18 bytes"));
}

TEST_CASE("load_wav: channels are mixed on request, other rates are refused") {
  const TemporaryFolder folder;
  const std::string stereo =
      wav(bytes_of<std::int16_t>({16384, 0, -32768, 16384}), {1, 2, 44100, 16});
  CHECK(refusal(stereo) == "has 2 channels, expected one (Channels::mixed takes their mean)");
  CHECK(samples(stereo, {44100, Channels::mixed}) == std::vector<float>{0.25f, -0.25f});
  CHECK(load_wav(folder.write("s.wav", stereo), {0, Channels::mixed}).rate == 44100);
  CHECK(refusal(stereo, {8000, Channels::mixed}) == "is sampled at 44100 Hz, expected 8000 Hz");
  CHECK(error_of([&] { load_wav("x", {-1}); }) == "[load_wav] rate must not be negative, got -1");
}

TEST_CASE("load_wav: what cannot be opened") {
  const TemporaryFolder folder;
  CHECK(error_of([] { load_wav("/nonexistent.wav"); }) ==
        "[load_wav] /nonexistent.wav: No such file or directory");
  CHECK(error_of([&] { load_wav(folder.path()); }) ==
        "[load_wav] " + folder.path() + ": Is a directory");
}

TEST_CASE("load_wav: not RIFF, no fmt, no data") {
  const std::string data = chunk("data", "abcd"), good = wav("abcd");
  CHECK(refusal("") == "expected a WAV header, the file holds 0 bytes");
  CHECK(refusal("RIFX" + good.substr(4)) == "is no WAV file: it does not begin with RIFF");
  CHECK(refusal(good.substr(0, 8) + "AVI " + good.substr(12)) ==
        "is a RIFF file of kind 'AVI ', expected 'WAVE'");
  CHECK(refusal(riff(chunk("LIST", "x"))) == "has no chunk 'fmt '");
  CHECK(refusal(riff(data + format_chunk())) == "has no chunk 'fmt ' before the samples");
  CHECK(refusal(riff(format_chunk())) == "has no chunk 'data'");
  CHECK(refusal(riff(format_chunk() + format_chunk() + data)) == "has two chunks 'fmt '");
  CHECK(refusal(riff(format_chunk() + data + data)) == "has two chunks 'data'");
  CHECK(refusal(riff(chunk("fmt ", "short") + data)) ==
        "chunk 'fmt ' has 5 bytes, expected 16 or more");
  std::string empty_chunks;
  for (int i = 0; i <= 10'000; ++i) empty_chunks += chunk("none", "");
  CHECK(refusal(riff(empty_chunks + format_chunk() + data)) == "has more than 10000 chunks");
}

TEST_CASE("load_wav: formats that it does not read are named, ADPCM too") {
  const auto of = [](int format, int bits) {
    return refusal(wav("abcd", {format, 1, 8000, bits}));
  };
  CHECK(of(2, 4) == "is of format 2 (ADPCM), expected 1 (PCM) or 3 (float)");
  CHECK(of(0x11, 4) == "is of format 17 (IMA ADPCM), expected 1 (PCM) or 3 (float)");
  CHECK(of(7, 8) == "is of format 7 (mu-law), expected 1 (PCM) or 3 (float)");
  CHECK(of(1, 12) == "has samples of 12 bits, expected 8, 16, 24 or 32");
  CHECK(of(1, 64) == "has samples of 64 bits, expected 8, 16, 24 or 32");
  CHECK(of(3, 16) == "has samples of 16 bits, expected 32 or 64");
}

TEST_CASE("load_wav: a block align of 0, or one that contradicts channels and bits") {
  CHECK(refusal(wav("abcd", {1, 1, 8000, 16, 0})) ==
        "declares a block align of 0, 1 channels of 16 bits have 2");
  CHECK(refusal(wav("abcd", {1, 2, 8000, 16, 2})) ==
        "declares a block align of 2, 2 channels of 16 bits have 4");
  CHECK(refusal(wav("abcd", {1, 0, 8000, 16})) == "has 0 channels, expected 1 to 1024");
  CHECK(refusal(wav("abcd", {1, 1, 0, 16})) == "declares a rate of 0 Hz, expected 1 to 10000000");
  CHECK(refusal(wav("abc")) ==
        "chunk 'data' has 3 bytes, which is no multiple of the 2 that a frame takes");
}

TEST_CASE("load_wav: sizes of 0 and 2^32 - 1, which streams leave") {
  for (const std::uint32_t size : {0u, 0xffffffffu}) {
    const std::string why = "declares " + std::to_string(size) +
                            " bytes, as a stream does whose length was never filled in";
    std::string whole = wav("abcd");
    whole.replace(4, 4, little_endian(size, 4));
    CHECK(refusal(whole) == "the header " + why);
    const std::string data = "data" + little_endian(size, 4) + "abcd";
    CHECK(refusal(riff(format_chunk() + data)) == "chunk 'data' " + why);
  }
}

TEST_CASE("load_wav: every truncation is refused") {
  const std::string content = wav(bytes_of<std::int16_t>({1, 2, 3, 4}));
  for (std::size_t size = 0; size < content.size(); ++size)
    CHECK(refusal(content.substr(0, size)) != "");
  CHECK(refusal(content.substr(0, 50)) ==
        "is truncated: the header declares 52 bytes, the file holds 50");
  std::string lying = content;
  lying.replace(40, 4, little_endian(1 << 30, 4));
  CHECK(refusal(lying) == "is truncated: chunk 'data' declares 1073741824 bytes, there are 8");
}

TEST_CASE("load_wav: samples that are not finite") {
  CHECK(refusal(wav(bytes_of<float>({0, NAN}), {3, 1, 8000, 32})) == "sample 1 is not finite: nan");
  CHECK(refusal(wav(bytes_of<double>({1e300}), {3, 1, 8000, 64})) == "sample 0 is not finite: inf");
}

TEST_CASE("load_wav: several threads at once, good files and bad ones") {
  const TemporaryFolder folder;
  const std::string good = folder.write("good.wav", wav(std::string(20'000, '\1')));
  const std::string bad = folder.write("bad.wav", wav("abcd", {2, 1, 8000, 4}));
  std::vector<std::thread> threads;
  std::vector<int> right(4, 0);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        right[t] += load_wav(good).samples.numel() == 10'000;
        right[t] += contains(error_of([&] { load_wav(bad); }), "ADPCM");
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == std::vector<int>(4, 40));
}
