// load_wav, of one channel and of several.
#include <plumb/data/speech/wav.hpp>

#include "input.hpp"

using namespace plumb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t count) {
  const std::string path = fuzz::as_file(input, count);
  // Samples of one byte become four.
  for (const data::Channels channels : {data::Channels::one, data::Channels::mixed})
    fuzz::refuse_or_load("load_wav", [&] {
      fuzz::require(data::load_wav(path, {0, channels}).samples.bytes() <= 4 * count);
    });
  return 0;
}
