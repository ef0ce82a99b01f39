// A network for spoken words: of train_speech and its tests.
#pragma once

#include <cstdint>
#include <plumb/nn.hpp>
#include <vector>

/// Log-mel features [n, frames, bands] of clips with lengths -> scores [n, classes].
///
/// The features less their mean over the clip, so that loudness does not count; convolutions with
/// batch norm that halve the bands, and but for the first the frames; the means over parts of the clip, from its begin to its
/// end, one beside the other; two linear layers. Frames behind a clip's end are 0 wherever a
/// convolution could look at them and have no part in the means: in evaluation mode a clip has the
/// same scores alone and in a batch.
class SpeechNet : public plumb::nn::Layer {
 public:
  /// `generator` draws the weights, and `dropout` what is left out before the linear layers.
  SpeechNet(std::int64_t bands, std::int64_t classes, plumb::Generator& generator,
            plumb::Generator dropout);

  /// All clips have all frames.
  plumb::Variable forward(const plumb::Variable& x) override;
  plumb::Variable forward_padded(const plumb::Variable& x, const plumb::Tensor& lengths) override;

 private:
  struct Stage {
    plumb::nn::Conv2d& convolution;
    plumb::nn::BatchNorm2d& norm;
    std::int64_t stride;  // over frames
  };
  std::vector<Stage> stages_;
  plumb::nn::Layer* scores_;
};
