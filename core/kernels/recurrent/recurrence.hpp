// Recurrent layers over a whole sequence: RNN, GRU and LSTM, forward and backward, one direction.
#pragma once

#include "../../tensor/tensor.hpp"
#include "../../tensor/write.hpp"

namespace plumb::kernel {

enum class Cell : std::uint8_t { rnn_tanh, rnn_relu, gru, lstm };

/// Blocks of `hidden` rows in the weights of a cell: 1, 3 or 4.
std::int64_t gates_of(Cell cell);

/// What is run: `steps` steps of `n` samples, of which sample i has lengths[i] of its own (int64
/// [n], or undefined: all of them). A state stays as it is at steps past the end, and y is 0 there.
struct Recurrence {
  Cell cell;
  std::int64_t n, steps, hidden;
  bool reversed;  // from the last step of each sample to the first
  Tensor lengths;
};

/// w_ih [gates hidden, in], w_hh [gates hidden, hidden]; the biases [gates hidden], or undefined.
struct RecurrentParameters {
  Tensor w_ih, w_hh, bias_ih, bias_hh;
};

/// What a run leaves for its gradient. `states` are the rows of y [n, steps, hidden], then those of
/// the last h and, of an LSTM, the last c [n, hidden] each.
struct RecurrentTrace {
  Tensor states;
  Tensor projected;  // [n, steps, blocks of hidden]: the gates; undefined where the cell needs none
  Tensor cells;      // c after each step [n, steps, hidden], of an LSTM whose gradient is wanted
  Tensor h, c;       // the initial states [n, hidden]
};

/// Whether a trace is for a gradient.
enum class Keep : std::uint8_t { no, yes };

/// Shapes and dtypes must fit.
RecurrentTrace run_recurrence(const Recurrence& r, const Tensor& x,
                              const RecurrentParameters& parameters, const Tensor& h,
                              const Tensor& c, Keep keep);

/// Gradients of the sums that went into the gates, and of the initial states.
struct RecurrentGradients {
  Tensor sums;    // [n, steps, blocks of hidden]
  Tensor before;  // not a gradient: h before each step [n, steps, hidden], 0 past the end
  Tensor h, c;
};

/// g is that of trace.states.
RecurrentGradients recurrence_backward(const Recurrence& r, const RecurrentTrace& trace,
                                       const Tensor& w_hh, const Tensor& g);

/// dx [n, steps, in] = or += ..
void recurrent_input_into(Tensor& dx, Write mode, const Recurrence& r, const RecurrentGradients& g,
                          const Tensor& w_ih);
/// dw [gates hidden, in] = or += ..
void recurrent_weight_ih_into(Tensor& dw, Write mode, const Recurrence& r,
                              const RecurrentGradients& g, const Tensor& x);
/// dw [gates hidden, hidden] = or += ..
void recurrent_weight_hh_into(Tensor& dw, Write mode, const Recurrence& r,
                              const RecurrentGradients& g);
/// The gradients of the biases, [gates hidden] each.
struct BiasGradients {
  Tensor ih, hh;
};
BiasGradients recurrent_bias_gradients(const Recurrence& r, const RecurrentGradients& g);

}  // namespace plumb::kernel
