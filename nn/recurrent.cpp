#include "recurrent.hpp"

#include <cmath>

#include "../autograd/ops/arithmetic.hpp"
#include "../autograd/ops/dropout.hpp"
#include "../autograd/ops/indexing.hpp"
#include "../autograd/ops/reduction.hpp"
#include "../autograd/ops/shape.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "../core/tensor/operators.hpp"
#include "init.hpp"

namespace plumb::nn {
namespace {

RecurrentResult relu_rnn(const Variable& x, const RecurrentWeights& weights,
                         const RecurrentState& initial, const Tensor& lengths, StepOrder order) {
  return rnn(x, weights, initial, lengths, order, RnnActivation::relu);
}

RecurrentResult tanh_rnn(const Variable& x, const RecurrentWeights& weights,
                         const RecurrentState& initial, const Tensor& lengths, StepOrder order) {
  return rnn(x, weights, initial, lengths, order);
}

// Number `index` of the leading axis; undefined stays so.
Variable part_of(const Variable& states, std::int64_t index) {
  if (!states.defined()) return {};
  return reshape(slice(states, 0, index, index + 1), {states.dim(1), states.dim(2)});
}

// Undefined where the states are.
Variable stacked(const std::vector<Variable>& states) {
  if (!states.front().defined()) return {};
  return states.size() == 1 ? unsqueeze(states.front(), 0) : stack(states);
}

void check_state(const char* name, const char* part, const Variable& state, const Shape& expected) {
  if (state.defined() && state.shape() != expected)
    fail(name, "expected a state ", part, " ", expected, ", got ", state.shape());
}

void check_steps(const char* name, const Variable& x, const Tensor& lengths) {
  if (x.rank() != 3) fail(name, "expected input [n, steps, d], got ", x.shape());
  if (lengths.defined()) check_lengths(name, lengths, x.dim(0), x.dim(1));
}

// 1 where a sample of lengths [n] has elements, as [n, 1].
Tensor not_empty(const Tensor& lengths) {
  return (lengths > Tensor::zeros({}, DType::int64)).reshape({lengths.dim(0), 1});
}

// x [n, steps, d] at the last valid step of each sample; 0 where there is none.
Variable at_last_step(const Variable& x, const Tensor& lengths) {
  const std::int64_t n = x.dim(0), steps = x.dim(1), d = x.dim(2);
  if (steps == 0) return Tensor::zeros({n, d}, x.dtype());
  if (!lengths.defined()) return squeeze(slice(x, 1, steps - 1), 1);
  Tensor index = Tensor::empty({n}, DType::int64);
  auto* at = index.mutable_data<std::int64_t>();
  const auto* length = lengths.data<std::int64_t>();
  for (std::int64_t i = 0; i < n; ++i) at[i] = i * steps + (length[i] > 0 ? length[i] - 1 : 0);
  return where(not_empty(lengths), index_select(reshape(x, {n * steps, d}), 0, index),
               Tensor::zeros({}, x.dtype()));
}

// x at the first step; 0 where there is none.
Variable at_first_step(const Variable& x, const Tensor& lengths) {
  if (x.dim(1) == 0) return Tensor::zeros({x.dim(0), x.dim(2)}, x.dtype());
  const Variable first = squeeze(slice(x, 1, 0, 1), 1);
  if (!lengths.defined()) return first;
  return where(not_empty(lengths), first, Tensor::zeros({}, x.dtype()));
}

}  // namespace

Recurrent::Recurrent(const char* name, std::int64_t gates, Step step, std::int64_t in,
                     std::int64_t hidden, Generator& generator, const RecurrentOptions& options)
    : name_(name), gates_(gates), step_(step), in_(in), hidden_(hidden), options_(options) {
  if (in < 1 || hidden < 1)
    fail(name, "the numbers of features must be at least 1, got in = ", in, ", hidden = ", hidden);
  if (options.layers < 1) fail(name, "layers must be at least 1, got ", options.layers);
  if (!(options.dropout >= 0 && options.dropout <= 1))
    fail(name, "dropout must be in [0, 1], got ", options.dropout);
  if (options.dropout > 0) {
    if (options.layers == 1) fail(name, "dropout between layers needs two of them");
    if (!options.noise) fail(name, "dropout needs a generator as noise");
    noise_ = &add_generator("generator", *options.noise);
  }
  for (int layer = 0; layer < options.layers; ++layer)
    for (int direction = 0; direction < directions(); ++direction)
      add_weights(layer == 0 ? in : hidden * directions(),
                  text("_l", layer, direction == 0 ? "" : "_reverse"), generator);
}

void Recurrent::add_weights(std::int64_t in, const std::string& suffix, Generator& generator) {
  const double bound = 1 / std::sqrt(static_cast<double>(hidden_));
  const auto parameter = [&](const char* name, const Shape& shape) {
    Tensor value = Tensor::empty(shape);
    init::uniform(value, generator, -bound, bound);
    return add_parameter(name + suffix, value);
  };
  const std::int64_t rows = gates_ * hidden_;
  RecurrentWeights weights;
  weights.ih = parameter("weight_ih", {rows, in});
  weights.hh = parameter("weight_hh", {rows, hidden_});
  if (options_.bias == Bias::yes) {
    weights.bias_ih = parameter("bias_ih", {rows});
    weights.bias_hh = parameter("bias_hh", {rows});
  }
  weights_.push_back(weights);
}

void Recurrent::check_input(const Variable& x, const RecurrentInput& input) const {
  if (!x.defined()) fail(name_, "the input is undefined");
  if (x.rank() != 3 || x.dim(2) != in_)
    fail(name_, "expected input [n, steps, ", in_, "], got ", x.shape());
  if (input.lengths.defined()) check_lengths(name_, input.lengths, x.dim(0), x.dim(1));
  const Shape state{static_cast<std::int64_t>(weights_.size()), x.dim(0), hidden_};
  check_state(name_, "h", input.state.h, state);
  check_state(name_, "c", input.state.c, state);
}

RecurrentResult Recurrent::run_layer(int layer, const Variable& x,
                                     const RecurrentInput& input) const {
  std::vector<Variable> y, h, c;
  for (int direction = 0; direction < directions(); ++direction) {
    const int index = layer * directions() + direction;
    const RecurrentState initial{part_of(input.state.h, index), part_of(input.state.c, index)};
    const RecurrentResult result =
        step_(x, weights_[static_cast<std::size_t>(index)], initial, input.lengths,
              direction == 0 ? StepOrder::forward : StepOrder::reverse);
    y.push_back(result.y);
    h.push_back(result.last.h);
    c.push_back(result.last.c);
  }
  return {y.size() == 1 ? y.front() : concat(y, 2), {stacked(h), stacked(c)}};
}

RecurrentResult Recurrent::run(const Variable& x, const RecurrentInput& input) {
  check_input(x, input);
  Variable y = x;
  std::vector<Variable> h, c;
  for (int layer = 0; layer < layers(); ++layer) {
    if (layer > 0 && noise_ != nullptr && training()) y = dropout(y, options_.dropout, *noise_);
    const RecurrentResult result = run_layer(layer, y, input);
    y = result.y;
    h.push_back(result.last.h);
    c.push_back(result.last.c);
  }
  show(y);
  if (layers() == 1) return {y, {h.front(), c.front()}};
  return {y, {concat(h, 0), c.front().defined() ? concat(c, 0) : Variable()}};
}

Variable Recurrent::forward(const Variable& x) { return run(x).y; }

Variable Recurrent::forward_padded(const Variable& x, const Tensor& lengths) {
  return run(x, {lengths, {}}).y;
}

RNN::RNN(std::int64_t in, std::int64_t hidden, Generator& generator, const RnnOptions& options)
    : Recurrent("RNN", 1, options.activation == RnnActivation::relu ? relu_rnn : tanh_rnn, in,
                hidden, generator, options) {}

LSTM::LSTM(std::int64_t in, std::int64_t hidden, Generator& generator,
           const RecurrentOptions& options)
    : Recurrent("LSTM", 4, lstm, in, hidden, generator, options) {}

GRU::GRU(std::int64_t in, std::int64_t hidden, Generator& generator,
         const RecurrentOptions& options)
    : Recurrent("GRU", 3, gru, in, hidden, generator, options) {}

Variable LastStep::forward(const Variable& x) { return forward_padded(x, {}); }

Variable LastStep::forward_padded(const Variable& x, const Tensor& lengths) {
  check_steps("LastStep", x, lengths);
  if (directions_ == Directions::forward) return at_last_step(x, lengths);
  const std::int64_t d = x.dim(2);
  if (d % 2 != 0)
    fail("LastStep", "two directions need an even number of features, got ", x.shape());
  return concat(
      {at_last_step(slice(x, 2, 0, d / 2), lengths), at_first_step(slice(x, 2, d / 2), lengths)},
      1);
}

Variable MeanOverSteps::forward(const Variable& x) { return forward_padded(x, {}); }

Variable MeanOverSteps::forward_padded(const Variable& x, const Tensor& lengths) {
  check_steps("MeanOverSteps", x, lengths);
  const std::int64_t n = x.dim(0), steps = x.dim(1);
  if (steps == 0) return sum(x, 1);
  if (!lengths.defined()) return mean(x, 1);
  const Tensor valid = Tensor::arange(steps).reshape({1, steps, 1}) < lengths.reshape({n, 1, 1});
  const Tensor counts = lengths.to(x.dtype()).reshape({n, 1});
  const Tensor none = Tensor::zeros({}, x.dtype());
  const Tensor divisor = where(not_empty(lengths), counts, Tensor::ones({}, x.dtype())).value();
  return sum(where(valid, x, none), 1) / divisor;
}

}  // namespace plumb::nn
