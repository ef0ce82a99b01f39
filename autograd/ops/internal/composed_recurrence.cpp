#include "composed_recurrence.hpp"

#include "../activation.hpp"
#include "../arithmetic.hpp"
#include "../comparison.hpp"
#include "../matmul.hpp"
#include "../shape.hpp"

namespace plumb::detail {
namespace {

using kernel::Cell;

struct States {
  Variable h, c;
};

// From what x gives to the gates [n, gates hidden] and what h does.
States next_states(Cell cell, const Variable& of_x, const Variable& of_h, const States& before) {
  if (cell == Cell::rnn_tanh) return {tanh(of_x + of_h), {}};
  if (cell == Cell::rnn_relu) return {relu(of_x + of_h), {}};
  const std::int64_t gates = kernel::gates_of(cell);
  const std::vector<Variable> x = chunk(of_x, gates, 1), h = chunk(of_h, gates, 1);
  if (cell == Cell::gru) {
    const Variable r = sigmoid(x[0] + h[0]), z = sigmoid(x[1] + h[1]);
    const Variable n = tanh(x[2] + r * h[2]);
    return {(1 - z) * n + z * before.h, {}};
  }
  const Variable i = sigmoid(x[0] + h[0]), f = sigmoid(x[1] + h[1]), g = tanh(x[2] + h[2]),
                 o = sigmoid(x[3] + h[3]);
  const Variable c = f * before.c + i * g;
  return {o * tanh(c), c};
}

}  // namespace

Variable composed_recurrence(const kernel::Recurrence& r, const std::vector<Variable>& inputs) {
  const Variable &x = inputs[0], &w_ih = inputs[1], &w_hh = inputs[2];
  States states = {inputs[5], inputs[6]};
  // uint8 [n, steps, 1]: 1 past the end of a sample, where x may hold anything
  const Tensor past = r.lengths.defined() ? Tensor::arange(r.steps).reshape({1, r.steps, 1}) >=
                                                r.lengths.reshape({r.n, 1, 1})
                                          : Tensor::zeros({r.n, r.steps, 1}, DType::uint8);
  const Variable of_x = linear(masked_fill(x, past, 0), w_ih, inputs[3]);
  std::vector<Variable> y(static_cast<std::size_t>(r.steps));
  for (std::int64_t i = 0; i < r.steps; ++i) {
    const std::int64_t step = r.reversed ? r.steps - 1 - i : i;
    const auto at_step = [&](const Variable& all) {
      return reshape(slice(all, 1, step, step + 1), {r.n, all.dim(2)});
    };
    const Tensor ended = at_step(past).value();
    const States next =
        next_states(r.cell, at_step(of_x), linear(states.h, w_hh, inputs[4]), states);
    y[static_cast<std::size_t>(step)] = masked_fill(next.h, ended, 0);
    states.h = where(ended, states.h, next.h);
    if (next.c.defined()) states.c = where(ended, states.c, next.c);
  }
  std::vector<Variable> rows;
  if (r.steps > 0) rows.push_back(reshape(stack(y, 1), {r.n * r.steps, r.hidden}));
  rows.push_back(states.h);
  if (states.c.defined()) rows.push_back(states.c);
  return concat(rows, 0);
}

}  // namespace plumb::detail
