// Recurrent operations against their formulas as a graph of a node for every gate and step, in double.
// What the graph is made of has oracles of its own.
#include <doctest/doctest.h>

#include <plumb/autograd.hpp>

#include "../support/compare.hpp"
#include "arrays.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

enum class Kind { rnn_tanh, rnn_relu, gru, lstm };

struct Problem {
  Kind kind;
  std::int64_t n, steps, in, hidden;
  Tensor lengths;
  StepOrder order;
};

// One step of all samples.
RecurrentState step(Kind kind, const Variable& x, const RecurrentWeights& w,
                    const RecurrentState& before) {
  const std::int64_t hidden = before.h.dim(1);
  const Variable of_x = linear(x, w.ih, w.bias_ih), of_h = linear(before.h, w.hh, w.bias_hh);
  const auto gate = [&](const Variable& sums, std::int64_t k) {
    return slice(sums, 1, k * hidden, (k + 1) * hidden);
  };
  const auto both = [&](std::int64_t k) { return gate(of_x, k) + gate(of_h, k); };
  if (kind == Kind::lstm) {
    const Variable c = sigmoid(both(1)) * before.c + sigmoid(both(0)) * tanh(both(2));
    return {sigmoid(both(3)) * tanh(c), c};
  }
  if (kind == Kind::gru) {
    const Variable z = sigmoid(both(1));
    const Variable n = tanh(gate(of_x, 2) + sigmoid(both(0)) * gate(of_h, 2));
    return {(1 - z) * n + z * before.h, {}};
  }
  return {kind == Kind::rnn_relu ? relu(both(0)) : tanh(both(0)), {}};
}

// y and the last states side by side, [n, ..]; a state stays where a step is past the end.
Variable by_steps(const Problem& p, const Variable& x, const RecurrentWeights& w,
                  RecurrentState state) {
  std::vector<Variable> y(static_cast<std::size_t>(p.steps));
  for (std::int64_t s = 0; s < p.steps; ++s) {
    const std::int64_t t = p.order == StepOrder::reverse ? p.steps - 1 - s : s;
    const RecurrentState next = step(p.kind, squeeze(slice(x, 1, t, t + 1), 1), w, state);
    const Tensor valid =
        (p.lengths > Tensor::full({}, static_cast<double>(t), DType::int64)).reshape({p.n, 1});
    y[static_cast<std::size_t>(t)] = where(valid, next.h, Tensor::zeros({}, DType::float64));
    state.h = where(valid, next.h, state.h);
    if (next.c.defined()) state.c = where(valid, next.c, state.c);
  }
  y.push_back(state.h);
  if (state.c.defined()) y.push_back(state.c);
  return concat(y, 1);
}

Variable at_once(const Problem& p, const Variable& x, const RecurrentWeights& w,
                 const RecurrentState& initial) {
  const RecurrentResult r =
      p.kind == Kind::lstm ? lstm(x, w, initial, p.lengths, p.order)
      : p.kind == Kind::gru
          ? gru(x, w, initial, p.lengths, p.order)
          : rnn(x, w, initial, p.lengths, p.order,
                p.kind == Kind::rnn_relu ? RnnActivation::relu : RnnActivation::tanh);
  std::vector<Variable> parts = {flatten(r.y, 1), r.last.h};
  if (r.last.c.defined()) parts.push_back(r.last.c);
  return concat(parts, 1);
}

}  // namespace

TEST_CASE_FIXTURE(FreshMemory, "oracle: recurrent layers of any size, padded, in both orders") {
  Draw draw(70);
  for (int i = repetitions(60, 2000); i > 0; --i) {
    const auto kind = draw.of<Kind>({Kind::rnn_tanh, Kind::rnn_relu, Kind::gru, Kind::lstm});
    // Rounding must not carry a sum over the kink.
    const DType dtype = kind == Kind::rnn_relu ? DType::float64 : draw.floating();
    Problem p{kind,
              draw.size(40),
              draw.size(6),
              draw.size(20),
              draw.size(40),
              Tensor(),
              draw.chance(50) ? StepOrder::forward : StepOrder::reverse};
    const std::int64_t gates = p.kind == Kind::lstm ? 4 : p.kind == Kind::gru ? 3 : 1;
    p.lengths = Tensor::empty({p.n}, DType::int64);
    for (std::int64_t k = 0; k < p.n; ++k)
      p.lengths.mutable_data<std::int64_t>()[k] = draw.size(p.steps + 1) - 1;
    const std::string what = errors::text(Shape{p.n, p.steps, p.in, p.hidden}, " kind ",
                                          static_cast<int>(p.kind), " in ", dtype);
    CAPTURE(what);
    const std::int64_t rows = gates * p.hidden;
    std::vector<Tensor> values = {draw.values({p.n, p.steps, p.in}, dtype),
                                  draw.values({rows, p.in}, dtype, -0.3, 0.3),
                                  draw.values({rows, p.hidden}, dtype, -0.3, 0.3),
                                  draw.values({rows}, dtype),
                                  draw.values({rows}, dtype),
                                  draw.values({p.n, p.hidden}, dtype)};
    if (p.kind == Kind::lstm) values.push_back(draw.values({p.n, p.hidden}, dtype));
    std::vector<Variable> ours, theirs;
    for (const Tensor& value : values) {
      ours.push_back(Variable::leaf(value));
      theirs.push_back(Variable::leaf(value.to(DType::float64)));
    }
    const auto weights = [](const std::vector<Variable>& v) {
      return RecurrentWeights{v[1], v[2], v[3], v[4]};
    };
    const auto initial = [](const std::vector<Variable>& v) {
      return RecurrentState{v[5], v.size() > 6 ? v[6] : Variable()};
    };
    const Variable y = at_once(p, ours[0], weights(ours), initial(ours));
    const Variable expected = by_steps(p, theirs[0], weights(theirs), initial(theirs));
    const double most = dtype == DType::float64 ? 1e-12 : 1e-5;
    CHECK(deviation(y.value().to(DType::float64), expected.value()) < most);
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);
    expected.backward(g.to(DType::float64));
    for (std::size_t k = 0; k < ours.size(); ++k) {
      CAPTURE(k);
      CHECK(deviation(ours[k].grad().to(DType::float64), theirs[k].grad()) < 10 * most);
    }
  }
}
