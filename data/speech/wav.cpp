#include "wav.hpp"

#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include "../../core/io/internal/input_file.hpp"
#include "../../core/runtime/floating_point.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "internal/wav_header.hpp"

namespace plumb::data {
namespace {

using plumb::detail::InputFile;
using plumb::detail::Origin;

constexpr const char* operation = "load_wav";

// What libsndfile reads from. It is C: what the file throws is kept until it can be thrown on.
struct Stream {
  const InputFile& file;
  std::uint64_t position = 0;
  std::exception_ptr thrown = nullptr;

  std::uint64_t size() const { return file.size(); }

  sf_count_t seek(sf_count_t offset, int whence) {
    const std::uint64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? position : size();
    const std::int64_t to = static_cast<std::int64_t>(from) + offset;
    if (to < 0) return -1;
    position = static_cast<std::uint64_t>(to);
    return to;
  }

  sf_count_t read(void* to, sf_count_t count) {
    const std::uint64_t left = position < size() ? size() - position : 0;
    const std::uint64_t wanted =
        std::min(left, static_cast<std::uint64_t>(std::max<sf_count_t>(count, 0)));
    try {
      file.read_at(to, wanted, position);
    } catch (...) {
      thrown = std::current_exception();
      return 0;
    }
    position += wanted;
    return static_cast<sf_count_t>(wanted);
  }
};

Stream& stream(void* user) { return *static_cast<Stream*>(user); }

SF_VIRTUAL_IO calls = {
    [](void* user) { return static_cast<sf_count_t>(stream(user).size()); },
    [](sf_count_t offset, int whence, void* user) { return stream(user).seek(offset, whence); },
    [](void* to, sf_count_t count, void* user) { return stream(user).read(to, count); },
    [](const void*, sf_count_t, void*) -> sf_count_t { return 0; },
    [](void* user) { return static_cast<sf_count_t>(stream(user).position); }};

using Decoder = std::unique_ptr<SNDFILE, decltype(&sf_close)>;

Decoder open(Stream& from, const detail::WavHeader& header) {
  const Origin& origin = from.file.origin();
  static std::mutex opening;  // what failed last is global in libsndfile
  const std::lock_guard<std::mutex> lock(opening);
  SF_INFO info = {};
  Decoder decoder(sf_open_virtual(&calls, SFM_READ, &info, &from), &sf_close);
  if (from.thrown) std::rethrow_exception(from.thrown);
  if (!decoder) origin.refuse("libsndfile refuses it: ", std::string(sf_strerror(nullptr)));
  if (info.frames != header.frames || info.channels != header.channels ||
      info.samplerate != header.rate)
    origin.refuse("libsndfile finds ", std::int64_t{info.frames}, " frames of ", info.channels,
                  " channels at ", info.samplerate, " Hz, the header declares ", header.frames,
                  " of ", header.channels, " at ", header.rate);
  return decoder;
}

// All frames, each the mean of its channels.
Tensor read_samples(Stream& from, const detail::WavHeader& header) {
  const Origin& origin = from.file.origin();
  const Decoder decoder = open(from, header);
  Tensor samples = Tensor::empty({header.frames});
  float* to = samples.mutable_data<float>();
  constexpr std::int64_t most = 4096;  // frames at a time
  std::vector<float> block(
      static_cast<std::size_t>(std::min(most, header.frames) * header.channels));
  for (std::int64_t done = 0; done < header.frames;) {
    const std::int64_t count = std::min(most, header.frames - done);
    const std::int64_t got = sf_readf_float(decoder.get(), block.data(), count);
    if (from.thrown) std::rethrow_exception(from.thrown);
    if (got != count)
      origin.refuse("libsndfile reads ", done + got, " of ", header.frames,
                    " frames: ", std::string(sf_strerror(decoder.get())));
    for (std::int64_t i = 0; i < count; ++i) {
      double sum = 0;
      for (std::int64_t c = 0; c < header.channels; ++c) sum += block[i * header.channels + c];
      to[done + i] = static_cast<float>(sum / static_cast<double>(header.channels));
      if (!std::isfinite(to[done + i]))
        origin.refuse("sample ", done + i, " is not finite: ", double{to[done + i]});
    }
    done += count;
  }
  return samples;
}

Sound read_wav(const Origin& origin, const WavOptions& options) {
  const plumb::detail::FloatingPointMode mode(plumb::detail::Subnormals::kept);
  const InputFile file(origin);
  const detail::WavHeader header = detail::read_wav_header(file);
  if (options.rate != 0 && header.rate != options.rate)
    origin.refuse("is sampled at ", header.rate, " Hz, expected ", options.rate, " Hz");
  if (header.channels != 1 && options.channels == Channels::one)
    origin.refuse("has ", header.channels,
                  " channels, expected one (Channels::mixed takes their mean)");
  Stream from{file};
  return {read_samples(from, header), header.rate};
}

}  // namespace

Sound load_wav(const std::string& path, const WavOptions& options) {
  if (options.rate < 0) fail(operation, "rate must not be negative, got ", options.rate);
  const Origin origin{operation, path};
  return origin.named([&] { return read_wav(origin, options); });
}

}  // namespace plumb::data
