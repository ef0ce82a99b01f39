// Clips: short sounds with class labels, in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../../core/tensor/tensor.hpp"
#include "recordings.hpp"
#include "wav.hpp"

namespace plumb::data {

/// Sounds of any lengths, each of one class.
struct Clips {
  std::int64_t rate = 0;             ///< Samples in a second, of all.
  std::vector<Tensor> sounds;        ///< float32 [samples] each.
  std::vector<std::int64_t> labels;  ///< Their classes, of [0, classes.size()).
  std::vector<std::string> classes;  ///< What the classes are called.

  std::int64_t size() const { return static_cast<std::int64_t>(sounds.size()); }
};

/// Reads recordings, on all threads. The classes are the labels that occur, sorted. Throws for none,
/// for files of unlike rates unless options.rate asks for one, and what load_wav throws, of the first
/// file that does.
///
///     const auto recordings = data::list_recordings(folder);
///     const data::Clips clips = data::load_clips(recordings, {8000});
///
/// Clip i is recording i: who holds back some speakers or indices chooses with Subset.
Clips load_clips(const std::vector<Recording>& recordings, const WavOptions& options = {});

}  // namespace plumb::data
