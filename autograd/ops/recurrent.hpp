// Recurrent layers over whole sequences: RNN, GRU and LSTM, one layer in one direction.
#pragma once

#include "../variable.hpp"

namespace plumb {

/// Of one layer and direction, as PyTorch has them: `ih` [gates hidden, in] for the input, `hh`
/// [gates hidden, hidden] for the state, and the biases of both [gates hidden], both or neither.
struct RecurrentWeights {
  Variable ih, hh;
  Variable bias_ih, bias_hh;
};

/// What a recurrent layer carries from step to step: [n, hidden] for one layer and direction,
/// [layers directions, n, hidden] for a whole module. `c` is that of an LSTM. What is undefined
/// stands for zeros.
struct RecurrentState {
  Variable h, c;

  /// The same values as constants: where backpropagation through time is to be cut.
  RecurrentState detach() const { return {h.detach(), c.detach()}; }
};

/// y [n, steps, hidden] is h after each step, `last` the state after the last.
struct RecurrentResult {
  Variable y;
  RecurrentState last;
};

/// Which step of a sequence comes first.
enum class StepOrder : std::uint8_t { forward, reverse };

enum class RnnActivation : std::uint8_t { tanh, relu };

// All take x [n, steps, in] and the `lengths` of the samples, int64 [n] in [0, steps], or undefined
// for full ones. Padding changes nothing: past the end y is 0, the last state is that of the last
// valid step, a reverse order starts at it, and a sample of length 0 keeps the initial state. What
// stands in x there is not looked at, and has gradient 0.
//
// A sequence is one operation. Its steps form the sums of the gates in one go, from weights that are
// packed once, and the gradient of each weight is one product over all steps. Results are the same, bit
// for bit, for any number of threads.
//
// They throw "[lstm] ..." with the shapes where these do not fit, and for lengths out of range.

/// Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000; gates in the order i, f,
/// g, o:
///   i, f, o = sigmoid(W_ih x + b_ih + W_hh h' + b_hh), g = tanh(...),
///   c = f c' + i g, h = o tanh(c).
RecurrentResult lstm(const Variable& x, const RecurrentWeights& weights,
                     const RecurrentState& initial = {}, const Tensor& lengths = {},
                     StepOrder order = StepOrder::forward);

/// Cho et al. 2014, in the form of cuDNN and PyTorch, where r is a factor of the product and not of
/// h'; gates in the order r, z, n:
///   r, z = sigmoid(W_ih x + b_ih + W_hh h' + b_hh), n = tanh(W_in x + b_in + r (W_hn h' + b_hn)),
///   h = (1 - z) n + z h'.
RecurrentResult gru(const Variable& x, const RecurrentWeights& weights,
                    const RecurrentState& initial = {}, const Tensor& lengths = {},
                    StepOrder order = StepOrder::forward);

/// Elman 1990: h = tanh(W_ih x + b_ih + W_hh h' + b_hh), or max(..., 0).
RecurrentResult rnn(const Variable& x, const RecurrentWeights& weights,
                    const RecurrentState& initial = {}, const Tensor& lengths = {},
                    StepOrder order = StepOrder::forward,
                    RnnActivation activation = RnnActivation::tanh);

/// Throws "[operation] ..." unless `lengths` is int64 [n] with elements in [0, steps].
void check_lengths(const char* operation, const Tensor& lengths, std::int64_t n,
                   std::int64_t steps);

}  // namespace plumb
