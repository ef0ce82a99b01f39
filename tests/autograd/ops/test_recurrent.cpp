#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/autograd.hpp>
#include <plumb/core/tensor/hash.hpp>

#include "../../support/compare.hpp"
#include "../../support/errors.hpp"
#include "../../support/random.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::deviation;
using plumb::test::error_of;
using plumb::test::normal;
using plumb::test::Threads;

namespace {

using Cell = RecurrentResult (*)(const Variable&, const RecurrentWeights&, const RecurrentState&,
                                 const Tensor&, StepOrder);

RecurrentResult tanh_rnn(const Variable& x, const RecurrentWeights& weights,
                         const RecurrentState& initial, const Tensor& lengths, StepOrder order) {
  return rnn(x, weights, initial, lengths, order);
}

struct Kind {
  const char* name;
  Cell run;
  std::int64_t gates;
};
const Kind kinds[] = {{"lstm", lstm, 4}, {"gru", gru, 3}, {"rnn", tanh_rnn, 1}};

RecurrentWeights weights_of(std::int64_t gates, std::int64_t in, std::int64_t hidden,
                            DType dtype = DType::float64) {
  const auto leaf = [&](const Shape& shape, std::uint64_t seed) {
    return Variable::leaf(normal(shape, dtype, seed) * 0.5);
  };
  return {leaf({gates * hidden, in}, 1), leaf({gates * hidden, hidden}, 2),
          leaf({gates * hidden}, 3), leaf({gates * hidden}, 4)};
}

RecurrentState state_of(const Kind& kind, std::int64_t n, std::int64_t hidden,
                        DType dtype = DType::float64) {
  RecurrentState state;
  state.h = Variable::leaf(normal({n, hidden}, dtype, 5));
  if (kind.gates == 4) state.c = Variable::leaf(normal({n, hidden}, dtype, 6));
  return state;
}

Tensor lengths_of(std::initializer_list<std::int64_t> lengths) { return Tensor::from(lengths); }

// y and the last states side by side, [n, ...].
Variable flat(const RecurrentResult& r) {
  std::vector<Variable> parts = {flatten(r.y, 1), r.last.h};
  if (r.last.c.defined()) parts.push_back(r.last.c);
  return concat(parts, 1);
}

}  // namespace

TEST_CASE("recurrent: the same bits for any number of threads") {
  for (const Kind& kind : kinds) {
    CAPTURE(kind.name);
    const Tensor x = normal({70, 6, 24}, DType::float32, 9);
    const RecurrentState state = state_of(kind, 70, 40, DType::float32);
    std::uint64_t first = 0;
    for (const int count : test::thread_counts()) {
      const Threads threads(count);
      const RecurrentWeights w = weights_of(kind.gates, 24, 40, DType::float32);
      const Variable input = Variable::leaf(x);
      const Variable y = flat(kind.run(input, w, state, {}, StepOrder::forward));
      y.backward(normal(y.shape(), DType::float32, 10));
      std::uint64_t bits = hash(y.value());
      for (const Variable* v : {&input, &w.ih, &w.hh, &w.bias_ih, &w.bias_hh})
        bits = hash(v->grad(), bits);
      if (count == 1) first = bits;
      CHECK(bits == first);
    }
  }
}

TEST_CASE("recurrent: padding changes nothing, whatever stands there") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Kind& kind : kinds)
    for (const StepOrder order : {StepOrder::forward, StepOrder::reverse}) {
      CAPTURE(kind.name);
      const Tensor lengths = lengths_of({3, 0, 5, 1});
      Tensor padded = normal({4, 5, 2});
      for (std::int64_t i = 0; i < 4; ++i)
        for (std::int64_t t = lengths.data<std::int64_t>()[i]; t < 5; ++t)
          for (std::int64_t k = 0; k < 2; ++k)
            padded.mutable_data<double>()[(i * 5 + t) * 2 + k] = nan;
      const RecurrentState state = state_of(kind, 4, 3);
      const RecurrentWeights w = weights_of(kind.gates, 2, 3);
      const Variable x = Variable::leaf(padded);
      const RecurrentResult all = kind.run(x, w, state, lengths, order);
      sum(flat(all)).backward();

      const RecurrentWeights own = weights_of(kind.gates, 2, 3);
      for (std::int64_t i = 0; i < 4; ++i) {
        CAPTURE(i);
        const std::int64_t length = lengths.data<std::int64_t>()[i];
        const Variable alone = Variable::leaf(slice(Variable(padded), 0, i, i + 1).value());
        RecurrentState first;
        first.h = slice(state.h, 0, i, i + 1).detach();
        if (state.c.defined()) first.c = slice(state.c, 0, i, i + 1).detach();
        const RecurrentResult one = kind.run(slice(alone, 1, 0, length), own, first, {}, order);
        sum(flat(one)).backward();
        const Variable mine = slice(all.y, 0, i, i + 1);
        CHECK(deviation(slice(mine, 1, 0, length).value(), one.y.value()) < 1e-14);
        for (const double value : slice(mine, 1, length).value().to_vector<double>())
          CHECK(value == 0);
        CHECK(deviation(slice(all.last.h, 0, i, i + 1).value(), one.last.h.value()) < 1e-14);
        if (length == 0) CHECK(deviation(one.last.h.value(), first.h.value()) == 0);
        if (state.c.defined())
          CHECK(deviation(slice(all.last.c, 0, i, i + 1).value(), one.last.c.value()) < 1e-14);
        CHECK(deviation(slice(Variable(x.grad()), 0, i, i + 1).value(), alone.grad()) < 1e-14);
      }
      CHECK(deviation(w.ih.grad(), own.ih.grad()) < 1e-13);
      CHECK(deviation(w.hh.grad(), own.hh.grad()) < 1e-13);
      CHECK(deviation(w.bias_ih.grad(), own.bias_ih.grad()) < 1e-13);
      CHECK(deviation(w.bias_hh.grad(), own.bias_hh.grad()) < 1e-13);
    }
}

TEST_CASE("recurrent: no samples, and no steps") {
  for (const Kind& kind : kinds) {
    CAPTURE(kind.name);
    const RecurrentWeights w = weights_of(kind.gates, 2, 3);
    const RecurrentResult none =
        kind.run(Tensor::zeros({0, 4, 2}, DType::float64), w, {}, {}, StepOrder::forward);
    CHECK(none.y.shape() == Shape{0, 4, 3});
    CHECK(none.last.h.shape() == Shape{0, 3});
    sum(none.y).backward();
    CHECK(deviation(w.hh.grad(), Tensor::zeros({kind.gates * 3, 3}, DType::float64)) == 0);

    const RecurrentState state = state_of(kind, 2, 3);
    const RecurrentResult still =
        kind.run(Tensor::zeros({2, 0, 2}, DType::float64), w, state, {}, StepOrder::reverse);
    CHECK(still.y.shape() == Shape{2, 0, 3});
    CHECK(deviation(still.last.h.value(), state.h.value()) == 0);
    sum(still.last.h).backward();
    CHECK(deviation(state.h.grad(), Tensor::ones({2, 3}, DType::float64)) == 0);
  }
}

TEST_CASE("recurrent: a sequence in two parts is the sequence") {
  for (const Kind& kind : kinds) {
    CAPTURE(kind.name);
    const RecurrentWeights w = weights_of(kind.gates, 2, 3);
    const RecurrentState state = state_of(kind, 2, 3);
    const Variable x = normal({2, 6, 2});
    const RecurrentResult whole = kind.run(x, w, state, {}, StepOrder::forward);
    sum(flat(whole)).backward();
    const Tensor expected = w.hh.grad().clone(), of_state = state.h.grad().clone();
    Variable hh = w.hh, h = state.h;
    hh.zero_grad();
    h.zero_grad();
    const RecurrentResult first = kind.run(slice(x, 1, 0, 2), w, state, {}, StepOrder::forward);
    const RecurrentResult second = kind.run(slice(x, 1, 2), w, first.last, {}, StepOrder::forward);
    CHECK(deviation(concat({first.y, second.y}, 1).value(), whole.y.value()) < 1e-14);
    (sum(first.y) + sum(flat(second))).backward();
    CHECK(deviation(w.hh.grad(), expected) < 1e-13);
    CHECK(deviation(state.h.grad(), of_state) < 1e-13);

    // Cut in between: no gradient reaches what was before.
    h.zero_grad();
    const RecurrentResult cut =
        kind.run(slice(x, 1, 2), w, first.last.detach(), {}, StepOrder::forward);
    sum(cut.y).backward();
    CHECK_FALSE(state.h.grad().defined());
  }
}

TEST_CASE("recurrent: saturated gates have limits, and no gradient") {
  for (const Kind& kind : kinds) {
    CAPTURE(kind.name);
    const Tensor big = Tensor::full({kind.gates * 2, 1}, 1e30);
    const RecurrentWeights w{
        Variable::leaf(big), Variable::leaf(Tensor::zeros({kind.gates * 2, 2})), {}, {}};
    const Variable x = Variable::leaf(Tensor::from({1e8F, -1e8F, 1e8F, 1e8F}, {2, 2, 1}));
    const RecurrentResult r = kind.run(x, w, {}, {}, StepOrder::forward);
    for (const float value : r.y.value().to_vector<float>()) CHECK(std::abs(value) <= 1);
    sum(r.y).backward();
    CHECK(deviation(w.hh.grad(), Tensor::zeros({kind.gates * 2, 2})) == 0);
    CHECK(deviation(w.ih.grad(), Tensor::zeros({kind.gates * 2, 1})) == 0);
  }
}

TEST_CASE("recurrent: without a gradient the values are the same") {
  for (const Kind& kind : kinds) {
    CAPTURE(kind.name);
    const RecurrentWeights w = weights_of(kind.gates, 2, 3);
    const Variable x = normal({3, 4, 2});
    const RecurrentResult with = kind.run(x, w, {}, {}, StepOrder::forward);
    CHECK(with.y.requires_grad());
    const NoGrad no_grad;
    const RecurrentResult without = kind.run(x, w, {}, {}, StepOrder::forward);
    CHECK_FALSE(without.y.requires_grad());
    CHECK(deviation(flat(without).value(), flat(with).value()) == 0);
  }
}

TEST_CASE("recurrent: refuses what does not fit") {
  const RecurrentWeights w = weights_of(4, 2, 3);
  const Variable x = normal({4, 5, 2});
  const auto message = [&](const Variable& input, const RecurrentWeights& weights,
                           const RecurrentState& state = {}, const Tensor& lengths = {}) {
    return error_of([&] { lstm(input, weights, state, lengths); });
  };
  CHECK(message(normal({5, 2}), w) == "[lstm] expected x [n, steps, in], got [5, 2]");
  CHECK(message(Tensor::zeros({1, 1, 2}, DType::int64), w) ==
        "[lstm] expected float32 or float64, got int64");
  CHECK(message(normal({4, 5, 3}), w) ==
        "[lstm] expected weights of the input [12, 3] of float64, got [12, 2] of float64");
  CHECK(message(normal({4, 5, 2}, DType::float32), w) ==
        "[lstm] expected weights of the state [12, 3] of float32, got [12, 3] of float64");
  CHECK(error_of([&] { gru(x, w); }) ==
        "[gru] expected weights of the state [3 hidden, hidden], got [12, 3]");
  RecurrentWeights half = w;
  half.bias_hh = Variable();
  CHECK(message(x, half) == "[lstm] expected a bias of the state [12], got nothing");
  CHECK(message(x, w, {normal({4, 2}), {}}) ==
        "[lstm] expected a state h [4, 3] of float64, got [4, 2] of float64");
  CHECK(message(x, w, {{}, normal({3, 3})}) ==
        "[lstm] expected a state c [4, 3] of float64, got [3, 3] of float64");
  CHECK(error_of([&] {
          rnn(x, weights_of(1, 2, 3), {{}, normal({4, 3})});
        }) == "[rnn] only an LSTM has a state c");
  CHECK(message(x, w, {}, lengths_of({1, 2, 3})) ==
        "[lstm] expected lengths [4] of int64, got [3] of int64");
  CHECK(message(x, w, {}, Tensor::zeros({4})) ==
        "[lstm] expected lengths [4] of int64, got [4] of float32");
  CHECK(message(x, w, {}, lengths_of({1, 2, 6, 3})) ==
        "[lstm] length 6 of sample 2 is out of range [0, 5]");
  CHECK(message(x, w, {}, lengths_of({1, -1, 5, 3})) ==
        "[lstm] length -1 of sample 1 is out of range [0, 5]");
}

TEST_CASE("recurrent: a result or lengths that were changed in place are not used for a gradient") {
  const RecurrentWeights w = weights_of(3, 2, 3);
  Tensor lengths = lengths_of({1, 2});
  const RecurrentResult r = gru(normal({2, 2, 2}), w, {}, lengths);
  lengths.mutable_data<std::int64_t>()[0] = 0;
  CHECK(test::contains(error_of([&] { sum(r.y).backward(); }), "changed in place"));
}
