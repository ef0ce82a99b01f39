// A variational autoencoder of images: what a comparison learns on "vae".
#pragma once

#include <plumb/nn.hpp>

namespace comparison {

/// 784-128-16, which are the means and log-variances of 8 latent numbers, and 8-128-784 (Kingma &
/// Welling 2014, "Auto-encoding variational Bayes").
class Vae : public plumb::nn::Layer {
 public:
  explicit Vae(plumb::Generator& random);

  /// Images [n, 784] in [0, 1] -> [n, 784 + 16]: logits of the pixels, means, log-variances. In training
  /// mode the latent numbers are drawn anew each time, from a stream of the model. In evaluation mode
  /// row i of every batch gets the same draw, for every model, so that scores repeat.
  plumb::Variable forward(const plumb::Variable& x) override;

 private:
  plumb::nn::Sequential &encoder_, &decoder_;
  plumb::Generator& noise_;
};

/// The mean over the images x of what Vae gives for them: the cross entropy of the pixels, which may be
/// grey, summed over an image, and the divergence of the latent numbers from N(0, 1). In nats.
plumb::Variable negative_elbo(const plumb::Variable& out, const plumb::Tensor& x);

}  // namespace comparison
