// A layer of one's own: y = gain * x, with one learnt factor a feature.
#pragma once

#include <plumb/nn.hpp>

class Gain : public plumb::nn::Layer {
 public:
  explicit Gain(std::int64_t features)
      : gain_(add_parameter("gain", plumb::Tensor::ones({features}))) {}
  plumb::Variable forward(const plumb::Variable& x) override { return x * gain_; }

 private:
  plumb::Variable gain_;
};
