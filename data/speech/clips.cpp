#include "clips.hpp"

#include <algorithm>

#include "../../core/runtime/internal/fail.hpp"
#include "../../core/runtime/parallel.hpp"

namespace plumb::data {

Clips load_clips(const std::vector<Recording>& recordings, const WavOptions& options) {
  if (recordings.empty()) fail("load_clips", "there are no recordings");
  std::vector<Sound> read(recordings.size());
  parallel_for(static_cast<std::int64_t>(read.size()), 8,
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i)
                   read[i] = load_wav(recordings[i].path, options);
               });

  Clips clips;
  clips.rate = read[0].rate;
  for (const Recording& recording : recordings) clips.classes.push_back(recording.label);
  std::sort(clips.classes.begin(), clips.classes.end());
  clips.classes.erase(std::unique(clips.classes.begin(), clips.classes.end()), clips.classes.end());
  for (std::size_t i = 0; i < read.size(); ++i) {
    if (read[i].rate != clips.rate)
      fail("load_clips", recordings[i].path, ": is sampled at ", read[i].rate, " Hz, ",
           recordings[0].path, " at ", clips.rate, " Hz");
    const auto label =
        std::lower_bound(clips.classes.begin(), clips.classes.end(), recordings[i].label);
    clips.labels.push_back(label - clips.classes.begin());
    clips.sounds.push_back(read[i].samples);
  }
  return clips;
}

}  // namespace plumb::data
