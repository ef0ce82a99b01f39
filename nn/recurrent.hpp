// RNN, LSTM, GRU: layers that read a sequence step by step; and what makes one vector of its steps.
#pragma once

#include <optional>

#include "../autograd/ops/recurrent.hpp"
#include "layer.hpp"

namespace plumb::nn {

/// Whether a recurrent layer reads a sequence from its first step on, or another one beside it from
/// the last step on too.
enum class Directions : std::uint8_t { forward, both };

struct RecurrentOptions {
  int layers = 1;  ///< Each reads what the one before it gives, >= 1.
  Directions directions = Directions::forward;
  Bias bias = Bias::yes;
  /// Probability with which an element of what a layer hands to the next is dropped while training,
  /// in [0, 1].
  double dropout = 0;
  /// The random stream of the dropout; to be given where that is not 0.
  std::optional<Generator> noise = std::nullopt;
};

struct RnnOptions : RecurrentOptions {
  RnnActivation activation = RnnActivation::tanh;
};

/// What run() takes beside x.
struct RecurrentInput {
  Tensor lengths = {};        ///< int64 [n]; undefined: all steps are valid.
  RecurrentState state = {};  ///< [layers directions, n, hidden]; what is undefined is 0.
};

/// What RNN, LSTM and GRU share: x [n, steps, in] -> y [n, steps, directions hidden], h of the last
/// layer after each step; of two directions that of the reverse one stands behind.
///
/// Parameters are those of PyTorch, with its names and shapes, so that its state dicts load: for
/// layer k "weight_ih_l{k}" [gates hidden, in], "weight_hh_l{k}" [gates hidden, hidden],
/// "bias_ih_l{k}", "bias_hh_l{k}" [gates hidden], and the same with "_reverse" behind for the reverse
/// direction; `in` of a layer behind the first is directions hidden. All start uniform in
/// [-1/sqrt(hidden), 1/sqrt(hidden)). x is always [n, steps, in], PyTorch's batch_first.
///
/// With lengths, padding changes nothing: see autograd/ops/recurrent.hpp.
///
/// To carry a state on from batch to batch, without a gradient to the batch before:
///
/// ```
/// RecurrentResult r = lstm.run(x, {lengths, state});
/// state = r.last.detach();
/// ```
class Recurrent : public Layer {
 public:
  Variable forward(const Variable& x) override;
  Variable forward_padded(const Variable& x, const Tensor& lengths) override;

  /// y and the last states [layers directions, n, hidden]; direction d of layer k is number
  /// k directions + d. Throws "[LSTM] ..." where shapes do not fit.
  RecurrentResult run(const Variable& x, const RecurrentInput& input = {});

  std::int64_t hidden() const { return hidden_; }
  int layers() const { return options_.layers; }
  int directions() const { return options_.directions == Directions::both ? 2 : 1; }

 protected:
  /// One layer in one direction.
  using Step = RecurrentResult (*)(const Variable& x, const RecurrentWeights& weights,
                                   const RecurrentState& initial, const Tensor& lengths,
                                   StepOrder order);

  Recurrent(const char* name, std::int64_t gates, Step step, std::int64_t in, std::int64_t hidden,
            Generator& generator, const RecurrentOptions& options);

 private:
  void add_weights(std::int64_t in, const std::string& suffix, Generator& generator);
  void check_input(const Variable& x, const RecurrentInput& input) const;
  RecurrentResult run_layer(int layer, const Variable& x, const RecurrentInput& input) const;

  const char* name_;
  std::int64_t gates_;
  Step step_;
  std::int64_t in_, hidden_;
  RecurrentOptions options_;
  std::vector<RecurrentWeights> weights_;  // by layer and direction
  Generator* noise_ = nullptr;
};

/// h = tanh(W_ih x + b_ih + W_hh h' + b_hh), or max(..., 0).
class RNN : public Recurrent {
 public:
  /// float32; to() converts. Throws for sizes below 1 and options out of range.
  RNN(std::int64_t in, std::int64_t hidden, Generator& generator, const RnnOptions& options = {});
};

/// Long short-term memory: see plumb::lstm. Its state has a c beside h.
class LSTM : public Recurrent {
 public:
  LSTM(std::int64_t in, std::int64_t hidden, Generator& generator,
       const RecurrentOptions& options = {});
};

/// Gated recurrent unit: see plumb::gru.
class GRU : public Recurrent {
 public:
  GRU(std::int64_t in, std::int64_t hidden, Generator& generator,
      const RecurrentOptions& options = {});
};

/// x [n, steps, d] -> [n, d], the last valid step of each sample: what a recurrent layer knows at the
/// end. With Directions::both the second half of d is taken from the first step, where a reverse
/// layer ends. 0 for a sample of length 0.
class LastStep : public Layer {
 public:
  explicit LastStep(Directions directions = Directions::forward) : directions_(directions) {}

  /// Throws "[LastStep] expected input [n, steps, d], got [64, 28]"; for two directions d is even.
  Variable forward(const Variable& x) override;
  Variable forward_padded(const Variable& x, const Tensor& lengths) override;

 private:
  Directions directions_;
};

/// x [n, steps, d] -> [n, d], the mean over the valid steps of each sample; 0 for length 0.
class MeanOverSteps : public Layer {
 public:
  /// Throws "[MeanOverSteps] expected input [n, steps, d], got [64, 28]".
  Variable forward(const Variable& x) override;
  Variable forward_padded(const Variable& x, const Tensor& lengths) override;
};

}  // namespace plumb::nn
