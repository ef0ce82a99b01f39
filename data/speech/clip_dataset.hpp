// ClipDataset: the log-mel features of clips, padded to the longest of a batch.
#pragma once

#include <cstdint>
#include <vector>

#include "../../core/signal/log_mel.hpp"
#include "../dataset.hpp"
#include "augmentation.hpp"
#include "clips.hpp"

namespace plumb::data {

/// How ClipDataset delivers clips.
struct ClipDelivery {
  /// rate must be that of the clips.
  LogMelOptions features = {};
  SoundChanges sound = {};
  FeatureMasks masks = {};
  std::uint64_t seed = 0;  ///< Of the two above.
};

/// Batches are x: float32 [n, frames, features], y: int64 [n] and lengths: int64 [n], the frames that
/// are a clip's own. Behind them x has the features of silence. A clip without samples has length 0;
/// a batch has at least one frame.
///
/// gather() gives the clips as they are. gather_in_epoch(), and so a DataLoader, changes them as
/// `delivery` says, differently in each epoch and the same whenever the epoch is run. Features are
/// computed once, when the dataset is made, unless sounds are changed: then whenever they are
/// gathered, in about 0.1 ms for a spoken digit.
class ClipDataset : public Dataset {
 public:
  /// Shares the sounds. Throws for labels outside the classes, numbers of sounds and labels that
  /// differ, sounds that are not float32 [n], another rate, and options out of their ranges.
  explicit ClipDataset(const Clips& clips, const ClipDelivery& delivery = {});

  std::int64_t size() const override { return static_cast<std::int64_t>(labels_.size()); }
  Batch gather(Indices indices) const override;
  Batch gather_in_epoch(Indices indices, std::int64_t epoch) const override;

  /// The frames of each clip as it is: what BucketSampler takes.
  std::vector<std::int64_t> lengths() const;

 private:
  Tensor changed(std::int64_t index, std::int64_t epoch) const;
  Batch pad(Indices indices, const std::vector<Tensor>& features) const;

  ClipDelivery delivery_;
  LogMel mel_;
  Tensor silence_;
  std::vector<Tensor> sounds_;    // where they are changed
  std::vector<Tensor> features_;  // [frames, features] each, of the sounds as they are
  std::vector<std::int64_t> labels_;
};

}  // namespace plumb::data
