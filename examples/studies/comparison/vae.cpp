#include "vae.hpp"

namespace comparison {
namespace {

using namespace plumb;

constexpr std::int64_t pixels = 784, hidden = 128, latent = 8;

}  // namespace

Vae::Vae(Generator& random)
    : encoder_(add("encoder", nn::Sequential{nn::Linear(pixels, hidden, random), nn::ReLU(),
                                             nn::Linear(hidden, 2 * latent, random)})),
      decoder_(add("decoder", nn::Sequential{nn::Linear(latent, hidden, random), nn::ReLU(),
                                             nn::Linear(hidden, pixels, random)})),
      noise_(add_generator("noise", random.fork())) {}

Variable Vae::forward(const Variable& x) {
  const Variable code = encoder_(x);
  const Variable mean = slice(code, 1, 0, latent), log_variance = slice(code, 1, latent);
  Tensor draw = Tensor::empty(mean.shape(), mean.dtype());
  Generator fixed(0, plumb::Stream::augmentation);
  (training() ? noise_ : fixed).fill_normal(draw);
  return concat({decoder_(mean + exp(log_variance * 0.5) * draw), code}, 1);
}

// KL(N(mean, variance), N(0, 1)) = (mean^2 + variance - log variance - 1) / 2 for each number.
Variable negative_elbo(const Variable& out, const Tensor& x) {
  BceOptions summed;
  summed.reduction = Reduction::sum;
  const Variable pixel_loss = bce_with_logits(slice(out, 1, 0, pixels), x, summed);
  const Variable mean = slice(out, 1, pixels, pixels + latent);
  const Variable log_variance = slice(out, 1, pixels + latent);
  const Variable divergence = sum(mean * mean + exp(log_variance) - log_variance - 1) * 0.5;
  return (pixel_loss + divergence) * (1 / static_cast<double>(x.dim(0)));
}

}  // namespace comparison
