#include "recurrent.hpp"

#include "../../core/kernels/arithmetic.hpp"
#include "../../core/kernels/recurrent/recurrence.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "../record.hpp"
#include "internal/composed_recurrence.hpp"
#include "shape.hpp"

namespace plumb {
namespace {

using kernel::Cell;

void check_part(const char* operation, const char* part, const Variable& value,
                const Shape& expected, DType dtype) {
  if (!value.defined()) fail(operation, "expected ", part, " ", expected, ", got nothing");
  if (value.shape() != expected || value.dtype() != dtype)
    fail(operation, "expected ", part, " ", expected, " of ", dtype, ", got ", value.shape(),
         " of ", value.dtype());
}

// The hidden size of weights that fit x.
std::int64_t checked_hidden(const char* operation, const Variable& x, const RecurrentWeights& w,
                            std::int64_t gates) {
  detail::check_defined(operation, x);
  if (!is_floating(x.dtype())) fail(operation, "expected float32 or float64, got ", x.dtype());
  if (x.rank() != 3) fail(operation, "expected x [n, steps, in], got ", x.shape());
  if (!w.hh.defined() || w.hh.rank() != 2 || w.hh.dim(0) != gates * w.hh.dim(1))
    fail(operation, "expected weights of the state [", gates, " hidden, hidden], got ",
         w.hh.defined() ? to_string(w.hh.shape()) : "nothing");
  const std::int64_t rows = w.hh.dim(0);
  check_part(operation, "weights of the state", w.hh, w.hh.shape(), x.dtype());
  check_part(operation, "weights of the input", w.ih, {rows, x.dim(2)}, x.dtype());
  if (w.bias_ih.defined() || w.bias_hh.defined()) {
    check_part(operation, "a bias of the input", w.bias_ih, {rows}, x.dtype());
    check_part(operation, "a bias of the state", w.bias_hh, {rows}, x.dtype());
  }
  return w.hh.dim(1);
}

Variable state_or_zeros(const char* operation, const char* part, const Variable& state,
                        const Shape& shape, DType dtype) {
  if (!state.defined()) return Tensor::zeros(shape, dtype);
  check_part(operation, part, state, shape, dtype);
  return state;
}

Tensor value_of(const Variable& x) { return x.defined() ? x.value() : Tensor(); }

// y and the last states, as the rows of one result;  what the steps hand back from the last to the
// first: the gradients of the sums in the gates, and from these those of the weights and of x
Variable run(const char* operation, const kernel::Recurrence& r, const Variable& x,
             const RecurrentWeights& w, const Variable& h, const Variable& c) {
  const Profiled profiled(operation);
  bool wanted = false;
  for (const Variable* v : {&x, &w.ih, &w.hh, &w.bias_ih, &w.bias_hh, &h, &c})
    wanted = wanted || v->requires_grad();
  const kernel::Keep keep = wanted && grad_enabled() ? kernel::Keep::yes : kernel::Keep::no;
  const kernel::RecurrentTrace trace = kernel::run_recurrence(
      r, x.value(), {w.ih.value(), w.hh.value(), value_of(w.bias_ih), value_of(w.bias_hh)},
      h.value(), value_of(c), keep);
  auto rule = [r, x = Saved(x), w_ih = Saved(w.ih), w_hh = Saved(w.hh),
               bias_ih = Saved(value_of(w.bias_ih)), bias_hh = Saved(value_of(w.bias_hh)),
               states = Saved(trace.states), projected = Saved(trace.projected),
               cells = Saved(trace.cells), h = Saved(h), c = Saved(value_of(c)),
               lengths = Saved(r.lengths)](const Tensor& g, Gradients& to) {
    lengths.get();  // throws if they were changed since
    if (to.recorded()) {
      std::size_t i = 0;
      std::vector<Variable> inputs;
      for (const Saved* saved : {&x, &w_ih, &w_hh, &bias_ih, &bias_hh, &h, &c})
        inputs.push_back(to.input(i++, saved->get()));
      return to.recompute(std::move(inputs), [&](const std::vector<Variable>& inputs) {
        return detail::composed_recurrence(r, inputs);
      });
    }
    const kernel::RecurrentGradients gradients =
        kernel::recurrence_backward(r, {states, projected, cells, h, c}, w_hh, g);
    to.write(0, [&](Tensor& dx, Write mode) {
      kernel::recurrent_input_into(dx, mode, r, gradients, w_ih);
    });
    to.write(1, [&](Tensor& dw, Write mode) {
      kernel::recurrent_weight_ih_into(dw, mode, r, gradients, x);
    });
    to.write(2, [&](Tensor& dw, Write mode) {
      kernel::recurrent_weight_hh_into(dw, mode, r, gradients);
    });
    if (to.needs(3) || to.needs(4)) {
      const kernel::BiasGradients bias = kernel::recurrent_bias_gradients(r, gradients);
      to.write(3, [&](Tensor& db, Write mode) { kernel::pass_into(db, mode, bias.ih); });
      to.write(4, [&](Tensor& db, Write mode) { kernel::pass_into(db, mode, bias.hh); });
    }
    to.write(5, [&](Tensor& dh, Write mode) { kernel::pass_into(dh, mode, gradients.h); });
    to.write(6, [&](Tensor& dc, Write mode) { kernel::pass_into(dc, mode, gradients.c); });
  };
  return record(operation, trace.states, {x, w.ih, w.hh, w.bias_ih, w.bias_hh, h, c},
                std::move(rule));
}

RecurrentResult over_sequence(const char* operation, Cell cell, const Variable& x,
                              const RecurrentWeights& w, const RecurrentState& initial,
                              const Tensor& lengths, StepOrder order) {
  const std::int64_t hidden = checked_hidden(operation, x, w, kernel::gates_of(cell));
  const std::int64_t n = x.dim(0), steps = x.dim(1);
  if (lengths.defined()) check_lengths(operation, lengths, n, steps);
  const bool has_c = cell == Cell::lstm;
  if (!has_c && initial.c.defined()) fail(operation, "only an LSTM has a state c");
  const Variable h = state_or_zeros(operation, "a state h", initial.h, {n, hidden}, x.dtype());
  const Variable c = has_c
                         ? state_or_zeros(operation, "a state c", initial.c, {n, hidden}, x.dtype())
                         : Variable();
  const Variable rows =
      run(operation, {cell, n, steps, hidden, order == StepOrder::reverse, lengths}, x, w, h, c);
  RecurrentResult result;
  result.y = reshape(slice(rows, 0, 0, n * steps), {n, steps, hidden});
  result.last.h = slice(rows, 0, n * steps, n * steps + n);
  if (has_c) result.last.c = slice(rows, 0, n * steps + n, n * steps + 2 * n);
  return result;
}

}  // namespace

void check_lengths(const char* operation, const Tensor& lengths, std::int64_t n,
                   std::int64_t steps) {
  if (lengths.dtype() != DType::int64 || lengths.shape() != Shape{n})
    fail(operation, "expected lengths ", Shape{n}, " of int64, got ", lengths.shape(), " of ",
         lengths.dtype());
  const std::int64_t* data = lengths.data<std::int64_t>();
  for (std::int64_t i = 0; i < n; ++i)
    if (data[i] < 0 || data[i] > steps)
      fail(operation, "length ", data[i], " of sample ", i, " is out of range [0, ", steps, "]");
}

RecurrentResult lstm(const Variable& x, const RecurrentWeights& weights,
                     const RecurrentState& initial, const Tensor& lengths, StepOrder order) {
  return over_sequence("lstm", Cell::lstm, x, weights, initial, lengths, order);
}

RecurrentResult gru(const Variable& x, const RecurrentWeights& weights,
                    const RecurrentState& initial, const Tensor& lengths, StepOrder order) {
  return over_sequence("gru", Cell::gru, x, weights, initial, lengths, order);
}

RecurrentResult rnn(const Variable& x, const RecurrentWeights& weights,
                    const RecurrentState& initial, const Tensor& lengths, StepOrder order,
                    RnnActivation activation) {
  const Cell cell = activation == RnnActivation::relu ? Cell::rnn_relu : Cell::rnn_tanh;
  return over_sequence("rnn", cell, x, weights, initial, lengths, order);
}

}  // namespace plumb
