#include "recurrence.hpp"

#include <algorithm>

#include "../../runtime/profile.hpp"
#include "../../tensor/internal/dispatch.hpp"
#include "../arithmetic.hpp"
#include "../layout.hpp"
#include "../matmul/gemm.hpp"
#include "../reduce.hpp"
#include "sequence_loops.hpp"

namespace plumb::kernel {
namespace {

// Where the parts of the sums of a cell's gates stand, and those of their gradients.
struct Blocks {
  std::int64_t gates;      // in the weights
  std::int64_t projected;  // in a row of the trace
  std::int64_t carried;    // in a row of the gradients
  std::int64_t first;      // that of the weights with which such a row begins
  bool has_c;
  bool keeps;  // `projected` for the gradient
};

template <class C>
constexpr Blocks blocks = {C::gates, C::projected, C::carried, C::first, C::has_c, C::keeps};

Blocks blocks_of(Cell cell) {
  switch (cell) {
    case Cell::lstm:
      return blocks<cells::Lstm>;
    case Cell::gru:
      return blocks<cells::Gru>;
    case Cell::rnn_relu:
      return blocks<cells::RnnRelu>;
    default:
      return blocks<cells::RnnTanh>;
  }
}

template <class T>
sequence::Loops<T> loops_of(Cell cell) {
  switch (cell) {
    case Cell::lstm:
      return sequence::lstm_loops<T>();
    case Cell::gru:
      return sequence::gru_loops<T>();
    case Cell::rnn_relu:
      return sequence::rnn_relu_loops<T>();
    default:
      return sequence::rnn_tanh_loops<T>();
  }
}

sequence::Extent extent_of(const Recurrence& r) {
  return {r.n, r.steps, r.hidden, r.reversed,
          r.lengths.defined() ? r.lengths.data<std::int64_t>() : nullptr};
}

// What is added to the products with x: both biases, but for that of W_hn h of a GRU.
Tensor bias_of_input(const Recurrence& r, const RecurrentParameters& p) {
  if (!p.bias_ih.defined()) return {};
  if (r.cell != Cell::gru) return add(p.bias_ih, p.bias_hh);
  Tensor sum = p.bias_ih.clone();
  Tensor both = sum.rows(0, 2 * r.hidden);
  both.copy_from(add(both, p.bias_hh.rows(0, 2 * r.hidden)));
  return sum;
}

// From so many samples on the products with x are formed step by step, with those with h: their sums
// never leave the registers. For fewer they are one product ahead of all steps.
constexpr std::int64_t fewest_together = 4;

// Where the rows of a kind begin in the tensor of states, or in its gradient.
struct StateRows {
  explicit StateRows(const Recurrence& r)
      : last_h(r.n * r.steps * r.hidden), last_c(last_h + r.n * r.hidden) {}
  std::int64_t last_h, last_c;
};

// The gradients of the products with x, in the order of the blocks of W_ih.
template <class T>
Matrix<T> input_sums(const Recurrence& r, const Tensor& sums) {
  const Blocks blocks = blocks_of(r.cell);
  return {sums.data<T>() + (blocks.carried - blocks.gates) * r.hidden, sums.dim(2)};
}

}  // namespace

std::int64_t gates_of(Cell cell) { return blocks_of(cell).gates; }

RecurrentTrace run_recurrence(const Recurrence& r, const Tensor& x,
                              const RecurrentParameters& parameters, const Tensor& h,
                              const Tensor& c, Keep keep) {
  const Blocks blocks = blocks_of(r.cell);
  const std::int64_t rows = r.n * r.steps, in = x.dim(2), width = blocks.gates * r.hidden;
  Profiled::add_multiply_adds(rows * width, in + r.hidden);
  RecurrentTrace trace;
  trace.h = h;
  trace.c = c;
  trace.states = Tensor::empty({rows + r.n * (blocks.has_c ? 2 : 1), r.hidden}, x.dtype());
  Tensor projected = Tensor::empty({r.n, r.steps, blocks.projected * r.hidden}, x.dtype());
  if (blocks.has_c && keep == Keep::yes)
    trace.cells = Tensor::empty({r.n, r.steps, r.hidden}, x.dtype());
  const Tensor bias = bias_of_input(r, parameters);
  const Tensor bias_n = r.cell != Cell::gru ? Tensor()
                        : parameters.bias_hh.defined()
                            ? parameters.bias_hh.rows(2 * r.hidden, width)
                            : Tensor::zeros({r.hidden}, x.dtype());
  const StateRows at(r);
  dispatch_floating("recurrence", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* sums = projected.mutable_data<T>();
    const T* added = bias.defined() ? bias.data<T>() : nullptr;
    // For few samples the weights would be read at every step for hardly any products.
    const bool ahead = r.n < fewest_together;
    if (ahead)
      gemm(rows, width, in, Matrix<T>{x.data<T>(), in},
           Matrix<T>{parameters.w_ih.data<T>(), in, Transpose::yes}, sums,
           blocks.projected * r.hidden, Write::overwrite, added);
    T* states = trace.states.mutable_data<T>();
    loops_of<T>(r.cell).forward(
        {extent_of(r), ahead ? nullptr : x.data<T>(), in, sums, parameters.w_ih.data<T>(),
         parameters.w_hh.data<T>(), added, bias_n.defined() ? bias_n.data<T>() : nullptr,
         h.data<T>(), blocks.has_c ? c.data<T>() : nullptr, states, states + at.last_h,
         states + at.last_c, trace.cells.defined() ? trace.cells.mutable_data<T>() : nullptr});
  });
  if (blocks.keeps) trace.projected = projected;
  return trace;
}

RecurrentGradients recurrence_backward(const Recurrence& r, const RecurrentTrace& trace,
                                       const Tensor& w_hh, const Tensor& g) {
  const Blocks blocks = blocks_of(r.cell);
  Profiled::add_multiply_adds(r.n * r.steps * r.hidden, blocks.gates * r.hidden);
  RecurrentGradients result;
  result.sums = Tensor::empty({r.n, r.steps, blocks.carried * r.hidden}, g.dtype());
  result.before = Tensor::empty({r.n, r.steps, r.hidden}, g.dtype());
  result.h = Tensor::empty({r.n, r.hidden}, g.dtype());
  if (blocks.has_c) result.c = Tensor::empty({r.n, r.hidden}, g.dtype());
  const StateRows at(r);
  dispatch_floating("recurrence", g.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* dy = g.data<T>();
    loops_of<T>(r.cell).backward(
        {extent_of(r), trace.projected.defined() ? trace.projected.data<T>() : nullptr,
         trace.states.data<T>(), blocks.has_c ? trace.cells.data<T>() : nullptr, trace.h.data<T>(),
         blocks.has_c ? trace.c.data<T>() : nullptr, w_hh.data<T>(), dy, dy + at.last_h,
         dy + at.last_c, result.sums.mutable_data<T>(), result.before.mutable_data<T>(),
         result.h.mutable_data<T>(), blocks.has_c ? result.c.mutable_data<T>() : nullptr});
  });
  return result;
}

void recurrent_input_into(Tensor& dx, Write mode, const Recurrence& r, const RecurrentGradients& g,
                          const Tensor& w_ih) {
  const std::int64_t in = dx.dim(2), width = w_ih.dim(0);
  Profiled::add_multiply_adds(dx.numel(), width);
  dispatch_floating("recurrence", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    gemm(r.n * r.steps, in, width, input_sums<T>(r, g.sums), Matrix<T>{w_ih.data<T>(), in},
         dx.mutable_data<T>(), in, mode);
  });
}

void recurrent_weight_ih_into(Tensor& dw, Write mode, const Recurrence& r,
                              const RecurrentGradients& g, const Tensor& x) {
  const std::int64_t in = x.dim(2);
  Profiled::add_multiply_adds(dw.numel(), r.n * r.steps);
  // What stands past the end may be anything, also NaN.
  Tensor own = x;
  if (r.lengths.defined()) {
    own = x.clone();
    dispatch_floating("recurrence", x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      T* data = own.mutable_data<T>();
      const std::int64_t* lengths = r.lengths.data<std::int64_t>();
      for (std::int64_t i = 0; i < r.n; ++i)
        std::fill(data + (i * r.steps + lengths[i]) * in, data + (i + 1) * r.steps * in, T(0));
    });
  }
  dispatch_floating("recurrence", dw.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    gemm(dw.dim(0), in, r.n * r.steps, turned(input_sums<T>(r, g.sums)),
         Matrix<T>{own.data<T>(), in}, dw.mutable_data<T>(), in, mode);
  });
}

void recurrent_weight_hh_into(Tensor& dw, Write mode, const Recurrence& r,
                              const RecurrentGradients& g) {
  const std::int64_t width = dw.dim(0), row_0 = blocks_of(r.cell).first * r.hidden;
  Profiled::add_multiply_adds(dw.numel(), r.n * r.steps);
  const auto multiply = [&](Tensor& product, Write how) {
    dispatch_floating("recurrence", dw.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      gemm(width, r.hidden, r.n * r.steps,
           Matrix<T>{g.sums.data<T>(), g.sums.dim(2), Transpose::yes},
           Matrix<T>{g.before.data<T>(), r.hidden}, product.mutable_data<T>(), r.hidden, how);
    });
  };
  if (row_0 == 0) return multiply(dw, mode);
  Tensor product = Tensor::empty(dw.shape(), dw.dtype());
  multiply(product, Write::overwrite);
  Tensor front = dw.rows(0, row_0), back = dw.rows(row_0, width);
  pass_into(back, mode, product.rows(0, width - row_0));
  pass_into(front, mode, product.rows(width - row_0, width));
}

BiasGradients recurrent_bias_gradients(const Recurrence& r, const RecurrentGradients& g) {
  const std::int64_t width = g.sums.dim(2);
  const Tensor sums = sum(g.sums.reshape({r.n * r.steps, width}), 0);
  if (r.cell != Cell::gru) return {sums, sums};
  return {sums.rows(r.hidden, width),
          concat({sums.rows(r.hidden, 3 * r.hidden), sums.rows(0, r.hidden)}, 0)};
}

}  // namespace plumb::kernel
