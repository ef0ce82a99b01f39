// Spoken words to train and test with: recordings in a folder, or the digits of a synthesizer.
#pragma once

#include <cstdint>
#include <memory>
#include <plumb/data.hpp>
#include <string>
#include <vector>

namespace arguments {
class App;
}

struct SpeechOptions {
  std::string folder = "synthetic";  ///< Of recordings at 8 kHz.
  std::string pattern = "{label}_{speaker}_{index}.wav";
  std::int64_t test_below = 5;  ///< Recordings with a lower index are the test set, ...
  std::string test_speaker;     ///< ... or all of this speaker's, where one is named.
  std::int64_t samples = 4000;  ///< Synthetic digits to train on.
};

/// --data, --pattern, --test-below, --test-speaker and --samples.
void add_options(arguments::App& app, SpeechOptions& options);

/// Log-mel features of clips (data::ClipDataset).
struct SpeechData {
  std::vector<std::string> classes;
  std::shared_ptr<const plumb::data::Dataset> train;  ///< Heard otherwise in each epoch.
  std::shared_ptr<const plumb::data::Dataset> test;
  std::vector<std::int64_t> train_lengths;  ///< In frames, as they are unchanged.
  double best = 1;   ///< The highest accuracy that can be expected; 1 where nobody knows.
  std::string name;  ///< For a checkpoint: the same data have the same.
};

/// `seed` is that of the changes from epoch to epoch. Throws where nothing is left to train on, or to
/// test with.
SpeechData load_speech(const SpeechOptions& options, std::int64_t seed);
