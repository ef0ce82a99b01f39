#include "speech_data.hpp"

#include "arguments.hpp"

using namespace plumb;

namespace {

// Faster and higher, later, louder, noisier; and through gaps in time and in frequency.
data::ClipDelivery changing(std::int64_t seed) {
  data::ClipDelivery delivery;
  delivery.sound.speed = 0.15;
  delivery.sound.shift = 200;  // samples: 25 ms
  delivery.sound.gain = 6;
  delivery.sound.noise = 0.1;
  delivery.masks.time_masks = 2;
  delivery.masks.time_width = 6;
  delivery.masks.band_masks = 2;
  delivery.masks.band_width = 5;
  delivery.seed = static_cast<std::uint64_t>(seed);
  return delivery;
}

SpeechData synthetic(const SpeechOptions& options, std::int64_t seed) {
  data::SpokenDigitOptions train, test;
  test.first_index = options.samples;  // digits are numbered without end: these are held out
  const data::Clips clips = data::speak_digits(options.samples, train);
  const auto changed = std::make_shared<data::ClipDataset>(clips, changing(seed));
  return {clips.classes,
          changed,
          std::make_shared<data::ClipDataset>(data::speak_digits(1000, test)),
          changed->lengths(),
          data::best_accuracy(test),
          "synthetic"};
}

SpeechData recorded(const SpeechOptions& options, std::int64_t seed) {
  const auto recordings = data::list_recordings(options.folder, options.pattern);
  std::vector<std::int64_t> train, test;
  for (std::size_t i = 0; i < recordings.size(); ++i) {
    const data::Recording& recording = recordings[i];
    const bool held_out = options.test_speaker.empty()
                              ? recording.index >= 0 && recording.index < options.test_below
                              : recording.speaker == options.test_speaker;
    (held_out ? test : train).push_back(static_cast<std::int64_t>(i));
  }
  if (train.empty() || test.empty())
    errors::fail("train_speech", options.folder, ": ", std::int64_t(train.size()),
                 " recordings to train on, ", std::int64_t(test.size()), " to test with");
  const data::Clips clips = data::load_clips(recordings, {8000});
  const auto changed = std::make_shared<data::ClipDataset>(clips, changing(seed));
  const auto plain = std::make_shared<data::ClipDataset>(clips);
  std::vector<std::int64_t> lengths;
  const std::vector<std::int64_t> all = plain->lengths();
  for (const std::int64_t i : train) lengths.push_back(all[i]);
  return {clips.classes,
          std::make_shared<data::Subset>(changed, train),
          std::make_shared<data::Subset>(plain, test),
          lengths,
          1,
          "recordings"};
}

}  // namespace

void add_options(arguments::App& app, SpeechOptions& options) {
  app.add_option("--data", options.folder, "'synthetic', or a folder of WAV files at 8 kHz")
      .not_empty();
  app.add_option("--pattern", options.pattern, "of the files' paths below --data").not_empty();
  const arguments::Option below = app.add_option("--test-below", options.test_below,
                                                 "recordings with a lower {index} are the test set")
                                      .whole_number(1, 1'000'000'000);
  app.add_option("--test-speaker", options.test_speaker, "test with all of one {speaker} instead")
      .not_empty()
      .excludes(below);
  app.add_option("--samples", options.samples, "synthetic digits to train on")
      .whole_number(1, 1'000'000);
}

SpeechData load_speech(const SpeechOptions& options, std::int64_t seed) {
  return options.folder == "synthetic" ? synthetic(options, seed) : recorded(options, seed);
}
