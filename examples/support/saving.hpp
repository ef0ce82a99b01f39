// Checkpoints of a training program: when they are saved, and how a stopped run goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <plumb/core.hpp>
#include <string>

namespace arguments {
class App;
}

struct SavingOptions {
  std::string folder;      ///< Of the checkpoints; empty: none are saved.
  std::int64_t every = 0;  ///< Steps between them; 0: none but at the end of an epoch.
  std::int64_t keep = 2;   ///< Besides the best.
  bool resume = false;     ///< Go on from the newest.
};

/// --save, --save-every, --keep and --resume.
void add_options(arguments::App& app, SavingOptions& options);

/// Does what the options say, and nothing where they name no folder, or another process writes there.
class Saving {
 public:
  /// Throws where the folder cannot be written.
  Saving(const SavingOptions& options, bool writes);

  bool saves() const { return folder_.has_value(); }
  /// Brings the run back where it is to be resumed, and says so on stdout. Throws plumb::Error
  /// where it is not and the folder holds checkpoints, which it would remove.
  void begin(plumb::Checkpoint& checkpoint) const;
  /// Whether to save after this step, whoever writes.
  bool due(std::int64_t step) const;
  void save(const plumb::Checkpoint& checkpoint, std::int64_t step) const;
  void save_best(const plumb::Checkpoint& checkpoint) const;

 private:
  SavingOptions options_;
  std::optional<plumb::CheckpointFolder> folder_;
};
