#include <doctest/doctest.h>

#include <filesystem>
#include <plumb/data.hpp>

#include "../support.hpp"
#include "wav_bytes.hpp"

using namespace plumb;
using namespace std::string_literals;
using data::list_recordings;
using data::Recording;
using test::contains;
using test::error_of;
using test::TemporaryFolder;
using test::wav;

namespace {

std::string write(const TemporaryFolder& folder, const std::string& name,
                  const std::string& content = wav("abcd")) {
  std::filesystem::create_directories(
      std::filesystem::path(folder.path() + "/" + name).parent_path());
  return folder.write(name, content);
}

std::string describe(const std::vector<Recording>& recordings) {
  std::string out;
  for (const Recording& r : recordings)
    out += r.label + "|" + r.speaker + "|" + std::to_string(r.index) + " ";
  return out;
}

std::string refusal_of_pattern(const std::string& pattern) {
  return error_of([&] { list_recordings("/tmp", pattern); });
}

}  // namespace

TEST_CASE("list_recordings: label, speaker and index from the names, in the order of the paths") {
  const TemporaryFolder folder;
  for (const char* name : {"7_theo_10.wav", "7_theo_9.wav", "0_ann_lee_0.wav", "README.md"})
    write(folder, name);
  const std::vector<Recording> found = list_recordings(folder.path());
  CHECK(describe(found) == "0|ann_lee|0 7|theo|10 7|theo|9 ");
  CHECK(found[1].path == folder.path() + "/7_theo_10.wav");
  CHECK(describe(list_recordings(folder.path() + "/", "{label}_{}.wav")) == "0||-1 7||-1 7||-1 ");
}

TEST_CASE("list_recordings: labels that are the names of folders") {
  const TemporaryFolder folder;
  for (const char* name : {"yes/a_nohash_0.wav", "yes/b_nohash_1.wav", "no/a_nohash_0.wav"})
    write(folder, name);
  CHECK(describe(list_recordings(folder.path(), "{label}/{}.wav")) == "no||-1 yes||-1 yes||-1 ");
  CHECK(describe(list_recordings(folder.path(), "{label}/{speaker}_nohash_{index}.wav")) ==
        "no|a|0 yes|a|0 yes|b|1 ");
  write(folder, "deeper/down/x.wav");
  CHECK(error_of([&] { list_recordings(folder.path(), "{label}/{}.wav"); }) ==
        "[list_recordings] " + folder.path() +
            ": 'deeper/down/x.wav' is not as the pattern '{label}/{}.wav' says");
}

TEST_CASE("list_recordings: what it refuses") {
  const TemporaryFolder folder;
  CHECK(error_of([] { list_recordings("/nonexistent"); }) ==
        "[list_recordings] /nonexistent: No such file or directory");
  CHECK(error_of([&] { list_recordings(folder.path()); }) ==
        "[list_recordings] " + folder.path() +
            ": there are no files '{label}_{speaker}_{index}.wav'");
  write(folder, "3_theo_x.wav");
  CHECK(contains(error_of([&] { list_recordings(folder.path()); }), "'3_theo_x.wav' is not as"));
  CHECK(contains(refusal_of_pattern("{speaker}.wav"), "has no {label}"));
  CHECK(contains(refusal_of_pattern("{label}_{label}.wav"), "has {label} twice"));
  CHECK(contains(refusal_of_pattern("{label}{index}.wav"), "has two fields side by side"));
  CHECK(contains(refusal_of_pattern("{label"), "'{' is not closed"));
  CHECK(contains(refusal_of_pattern("{lable}.wav"),
                 "expected {label}, {speaker}, {index} or {}, got {lable}"));
}

TEST_CASE("load_clips: sounds, classes and labels") {
  const TemporaryFolder folder;
  write(folder, "b_x_0.wav", wav("\0\x40"s));
  write(folder, "a_x_0.wav", wav("\0\x20\0\x10"s));
  write(folder, "b_x_1.wav", wav("\0\x40"s));
  const auto recordings = list_recordings(folder.path());
  const data::Clips clips = data::load_clips(recordings, {8000});
  CHECK(clips.rate == 8000);
  CHECK(clips.size() == 3);
  CHECK(clips.classes == std::vector<std::string>{"a", "b"});
  CHECK(clips.labels == std::vector<std::int64_t>{0, 1, 1});
  CHECK(clips.sounds[0].to_vector<float>() == std::vector<float>{0.25f, 0.125f});

  write(folder, "c_x_0.wav", wav("abcd", {1, 1, 16000, 16}));
  CHECK(contains(error_of([&] { data::load_clips(list_recordings(folder.path())); }),
                 "c_x_0.wav: is sampled at 16000 Hz, "));
  CHECK(contains(error_of([&] { data::load_clips(list_recordings(folder.path()), {8000}); }),
                 "[load_wav] " + folder.path() + "/c_x_0.wav: is sampled at 16000 Hz"));
  CHECK(error_of([] { data::load_clips({}); }) == "[load_clips] there are no recordings");
}

TEST_CASE("load_clips: the Free Spoken Digit Dataset, where it is") {
  const std::string folder = test::real_data("speech/recordings");
  if (folder.empty()) {
    MESSAGE("skipped: no speech/recordings in $PLUMB_DATA");
    return;
  }
  const auto recordings = list_recordings(folder);
  const data::Clips clips = data::load_clips(recordings, {8000});
  CHECK(clips.size() == 1200);
  CHECK(clips.classes.size() == 10);
  for (std::int64_t i = 0; i < clips.size(); ++i)
    CHECK(clips.classes[clips.labels[i]] == recordings[i].label);
}
