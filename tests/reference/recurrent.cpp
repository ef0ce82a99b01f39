#include <plumb/autograd/ops/recurrent.hpp>
#include <plumb/autograd/ops/shape.hpp>

#include "operations.hpp"

namespace plumb::test {

namespace {

using Inputs = std::vector<Variable>;
using Constants = std::vector<Tensor>;

enum class Kind { rnn_tanh, rnn_relu, gru, lstm };

// The rows of y, then those of the last states.
Variable recurrent_case(Kind kind, const Options& o, const Inputs& in, const Constants& constants) {
  RecurrentWeights weights{in.at(1), in.at(2), {}, {}};
  std::size_t next = 3;
  if (o.integer("bias", 1) != 0) {
    weights.bias_ih = in.at(next++);
    weights.bias_hh = in.at(next++);
  }
  RecurrentState initial;
  if (o.integer("initial", 1) != 0) {
    initial.h = in.at(next++);
    if (kind == Kind::lstm) initial.c = in.at(next++);
  }
  const Tensor lengths = constants.empty() ? Tensor() : constants[0];
  const StepOrder order = o.flag("reverse") ? StepOrder::reverse : StepOrder::forward;
  const RecurrentResult result =
      kind == Kind::lstm  ? lstm(in[0], weights, initial, lengths, order)
      : kind == Kind::gru ? gru(in[0], weights, initial, lengths, order)
                          : rnn(in[0], weights, initial, lengths, order,
                                kind == Kind::rnn_relu ? RnnActivation::relu : RnnActivation::tanh);
  const std::int64_t hidden = result.y.dim(2);
  std::vector<Variable> rows = {reshape(result.y, {-1, hidden}), result.last.h};
  if (kind == Kind::lstm) rows.push_back(result.last.c);
  return concat(rows, 0);
}

Operation of_kind(Kind kind) {
  return [kind](const Options& o, const Inputs& in, const Constants& constants) {
    return recurrent_case(kind, o, in, constants);
  };
}

}  // namespace

Table recurrent_operations() {
  return {{"rnn_tanh", of_kind(Kind::rnn_tanh)},
          {"rnn_relu", of_kind(Kind::rnn_relu)},
          {"gru", of_kind(Kind::gru)},
          {"lstm", of_kind(Kind::lstm)}};
}

}  // namespace plumb::test
