// LogMel: log-mel features of sounds as a layer.
#pragma once

#include "../core/signal/log_mel.hpp"
#include "layer.hpp"

namespace plumb::nn {

/// plumb::LogMel of each sound, x [n, samples] -> y [n, frames, features], equal to rounding. The
/// gradient reaches the samples; there are no parameters. The frames are those of a convolution over
/// the samples, whose weights are the cosines and sines.
///
/// Steps of x are samples and those of y frames, so lengths do not go through it: give each layer
/// behind it frames(lengths).
class LogMel : public Layer {
 public:
  /// Throws as plumb::LogMel does.
  explicit LogMel(const LogMelOptions& options = {}) : mel_(options) {}

  /// Throws "[LogMel] expected sounds [n, samples], got [8000]". Sounds without samples give no
  /// frames.
  Variable forward(const Variable& x) override;

  const plumb::LogMel& features() const& { return mel_; }
  const plumb::LogMel& features() const&& = delete;

 private:
  plumb::LogMel mel_;
};

}  // namespace plumb::nn
