// Recordings: WAV files in a folder, with labels from their names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plumb::data {

/// A file, and what its name says.
struct Recording {
  std::string path;
  std::string label;
  std::string speaker;      ///< Empty where the pattern has none.
  std::int64_t index = -1;  ///< -1 where the pattern has none.
};

/// The WAV files in `folder` and those below it, sorted by their paths.
///
/// `pattern` is what the path from `folder` on looks like. `{label}`, `{speaker}` and `{}` stand for
/// any text without '/', as short as it can be, and `{index}` for a number without sign; the rest is
/// taken as it stands. The Free Spoken Digit Dataset has the default; labels that are the folders'
/// names are "{label}/{}.wav", and those of Speech Commands "{label}/{speaker}_nohash_{index}.wav".
///
/// Files whose names do not end as the pattern does, ".wav", are passed over. Throws
/// "[list_recordings] ..." for a folder that cannot be read, a file that ends so and is not as the
/// pattern says, none at all, and for a pattern without {label}, with a field twice or of another name,
/// or with two fields side by side.
std::vector<Recording> list_recordings(
    const std::string& folder, const std::string& pattern = "{label}_{speaker}_{index}.wav");

}  // namespace plumb::data
