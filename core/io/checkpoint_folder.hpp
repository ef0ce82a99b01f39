// CheckpointFolder: the last few checkpoints of a run and its best one, in a folder of their own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint.hpp"

namespace plumb {

/// Names checkpoints by their step, "step-000000001200.safetensors", and keeps the last few; the
/// best is "best.safetensors". Other files in the folder are left alone.
class CheckpointFolder {
 public:
  /// Makes the folder where there is none, and removes what killed runs left half written. `keep`
  /// is the number of checkpoints to keep besides the best, at least 1. Throws where no file can be
  /// made, renamed and removed in the folder, and where something of a checkpoint's name is no
  /// regular file: before the first epoch and not after it.
  explicit CheckpointFolder(std::string path, std::int64_t keep = 2);

  /// Saves, then removes all older checkpoints but the last `keep` - 1. Those of later steps stay:
  /// they are of another run. `step` is in [0, 10^12).
  void save(const Checkpoint& checkpoint, std::int64_t step) const;
  /// Saves as the best. Which that is the run says; it should track() its best score.
  void save_best(const Checkpoint& checkpoint) const { checkpoint.save(best()); }

  /// Paths of the checkpoints, newest (of the highest step) first, without the best.
  std::vector<std::string> files() const;
  /// Path of the best, whether there is one or not.
  std::string best() const;
  /// Loads the newest; returns its path, "" where there is none. Throws as Checkpoint::load does,
  /// naming the one before where the file is damaged; it does not take an older one unasked.
  std::string load_newest(Checkpoint& checkpoint) const;

  const std::string& path() const& { return path_; }
  std::string path() && { return path_; }

 private:
  std::string path_;
  std::int64_t keep_;
};

}  // namespace plumb
