// Dropout: a layer that leaves out random elements while training.
#pragma once

#include "layer.hpp"

namespace plumb::nn {

/// In training mode each element is 0 with probability p, or else x / (1 - p); in evaluation mode
/// y = x (Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from
/// overfitting").
///
/// The layer has a random stream of its own, listed by generators() as "generator". Give each of
/// several layers a fork of one generator:
///
/// ```
/// Generator noise(seed, Stream::dropout);
/// nn::Sequential model{..., nn::Dropout(0.2, noise.fork()), ..., nn::Dropout(0.5, noise.fork())};
/// ```
class Dropout : public Layer {
 public:
  /// Throws "[Dropout] p must be in [0, 1], got 1.5".
  Dropout(double p, Generator generator);

  Variable forward(const Variable& x) override;

  double p() const { return p_; }
  /// The stream, to save and set its position.
  Generator& generator() & { return generator_; }

 private:
  void check_mode(const Variable& x) const;

  double p_;
  Generator& generator_;
};

}  // namespace plumb::nn
