// The workloads, which both sides implement: each prints its check values and the time of one call.
#pragma once

#include <cstdint>

namespace bench {

void set_threads(int threads);

// Training steps: forward, backward, SGD with momentum, on one batch of images.
void mlp(std::int64_t batch);     ///< 784-256-128-10, ReLU
void tiny(std::int64_t batch);    ///< 2-16-16-2, tanh
void lenet(std::int64_t batch);   ///< LeNet-5 with ReLU and max pooling
void cnn(std::int64_t batch);     ///< convolutions to 32 and 64 channels, 9216-128-10
void cnn_bn(std::int64_t batch);  ///< the same with batch normalization, 3136-10

// The same of nets that have converged: all samples are of one class, whose score is ahead by so much
// that the gradients are subnormal numbers.
void converged_mlp(std::int64_t batch);
void converged_cnn(std::int64_t batch);
constexpr double ahead = 95;

/// A GPT (Radford et al. 2018) of nanoGPT's smallest setting: forward, backward and AdamW on a batch
/// of windows. Blocks are pre-norm with GELU, without dropout; the head has the embedding's weight.
void gpt(std::int64_t batch);
struct Gpt {
  std::int64_t layers, heads, width, window, vocabulary;
  double scale;  // of the matrices
};
constexpr Gpt baby_gpt{4, 4, 128, 64, 65, 0.035};

/// Rows for so many ids, and the gradient added back to them.
void embedding(std::int64_t ids);
constexpr std::int64_t embedding_rows = 10'000, embedding_width = 64;

// The same on one batch of 28x28 images read row by row: a recurrent layer of 128 units, and
// a linear one to 10 classes behind its last step.
void lstm(std::int64_t batch);
void gru(std::int64_t batch);

// Optimizer steps on that many million parameters in ten tensors.
void plain(std::int64_t millions);
void momentum(std::int64_t millions);
void debiased(std::int64_t millions);  ///< SGD with the debiased average of the gradients
/// SGD with momentum that holds gradients back while they and their sum are below small_gradient.
void accumulate(std::int64_t millions);
constexpr double small_gradient = 0.5;  ///< Half of the gradients, which are in [-1, 1), are below.
void adam(std::int64_t millions);
/// The same where the squares of the gradients are subnormal numbers.
void decayed_adam(std::int64_t millions);
constexpr double decayed = 1e-20;  ///< what the gradients are multiplied by
void lion(std::int64_t millions);
void adamw(std::int64_t millions);
void nadam(std::int64_t millions);
void radam(std::int64_t millions);

/// A step of Muon on one matrix of muon_rows and that many columns.
void muon(std::int64_t columns);
/// The products of that step alone: X X^T, its square, and the polynomial times X, five times.
void muon_products(std::int64_t columns);
constexpr std::int64_t muon_rows = 256;

// The graph's own cost, on tensors of that many elements.
void mul(std::int64_t size);    ///< a product that is recorded and forgotten
void chain(std::int64_t size);  ///< a thousand products in a chain, forward and backward

void loader(std::int64_t batch);  ///< a batch of shuffled images, from bytes to [0, 1]
/// Log-mel features of that many sounds of mel_samples: 200 of every 80 samples, 256 points, 40 bands.
void mel(std::int64_t sounds);
constexpr std::int64_t mel_samples = 3520;  ///< A spoken digit of 0.44 s at 8 kHz.

}  // namespace bench
