#include "clip_dataset.hpp"

#include <algorithm>

#include "../../core/runtime/internal/fail.hpp"
#include "../../core/runtime/parallel.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "ClipDataset";

void check(const Clips& clips, const ClipDelivery& delivery) {
  delivery.sound.check();
  delivery.masks.check();
  if (clips.labels.size() != clips.sounds.size())
    fail(operation, "there are ", clips.size(), " sounds and ",
         static_cast<std::int64_t>(clips.labels.size()), " labels");
  if (delivery.features.rate != clips.rate)
    fail(operation, "the clips are sampled at ", clips.rate, " Hz, the features are of ",
         delivery.features.rate, " Hz");
  const auto classes = static_cast<std::int64_t>(clips.classes.size());
  for (std::size_t i = 0; i < clips.sounds.size(); ++i) {
    const auto number = static_cast<std::int64_t>(i);
    const Tensor& sound = clips.sounds[i];
    if (!sound.defined() || sound.rank() != 1 || sound.dtype() != DType::float32)
      fail(operation, "sound ", number, " is ",
           sound.defined() ? text(sound.dtype(), " ", sound.shape()) : "undefined",
           ", expected float32 [n]");
    if (clips.labels[i] < 0 || clips.labels[i] >= classes)
      fail(operation, "label ", clips.labels[i], " of sound ", number, " is out of range [0, ",
           classes, ")");
  }
}

}  // namespace

ClipDataset::ClipDataset(const Clips& clips, const ClipDelivery& delivery)
    : delivery_(delivery),
      mel_(delivery.features),
      silence_(mel_.silence()),
      labels_(clips.labels) {
  check(clips, delivery);
  if (delivery.sound.any()) sounds_ = clips.sounds;
  features_.resize(clips.sounds.size());
  parallel_for(size(), 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) features_[i] = mel_(clips.sounds[i]);
  });
}

Batch ClipDataset::gather(Indices indices) const {
  indices.check(operation, size());
  std::vector<Tensor> features;
  for (const std::int64_t index : indices) features.push_back(features_[index]);
  return pad(indices, features);
}

Batch ClipDataset::gather_in_epoch(Indices indices, std::int64_t epoch) const {
  if (!delivery_.sound.any() && !delivery_.masks.any()) return gather(indices);
  indices.check(operation, size());
  std::vector<Tensor> features;
  for (const std::int64_t index : indices) features.push_back(changed(index, epoch));
  return pad(indices, features);
}

std::vector<std::int64_t> ClipDataset::lengths() const {
  std::vector<std::int64_t> frames;
  for (const Tensor& one : features_) frames.push_back(one.dim(0));
  return frames;
}

Tensor ClipDataset::changed(std::int64_t index, std::int64_t epoch) const {
  Generator random = augmentation_generator(delivery_.seed, epoch, index);
  const Generator of_sound = random.fork(), of_masks = random.fork();
  const Tensor features = sounds_.empty()
                              ? features_[index]
                              : mel_(change_sound(sounds_[index], delivery_.sound, of_sound));
  return delivery_.masks.any() ? mask_features(features, delivery_.masks, of_masks) : features;
}

Batch ClipDataset::pad(Indices indices, const std::vector<Tensor>& features) const {
  std::int64_t longest = 1;
  for (const Tensor& one : features) longest = std::max(longest, one.dim(0));
  const std::int64_t n = indices.size(), width = mel_.features();
  Batch batch{Tensor::empty({n, longest, width}), Tensor::empty({n}, DType::int64),
              Tensor::empty({n}, DType::int64)};
  float* x = batch.x.mutable_data<float>();
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t frames = features[i].dim(0);
    x = std::copy_n(features[i].data<float>(), frames * width, x);
    for (std::int64_t t = frames; t < longest; ++t)
      x = std::copy_n(silence_.data<float>(), width, x);
    batch.y.mutable_data<std::int64_t>()[i] = labels_[indices[i]];
    batch.lengths.mutable_data<std::int64_t>()[i] = frames;
  }
  return batch;
}

}  // namespace plumb::data
