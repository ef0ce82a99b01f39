// Gradients that are differentiated again: what passes, hooks and modes make of them.
#include <doctest/doctest.h>

#include <cmath>
#include <plumb/autograd.hpp>
#include <plumb/core/runtime/checks.hpp>
#include <plumb/core/tensor/hash.hpp>

#include "../support/captured_stderr.hpp"
#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/random.hpp"
#include "../support/small_stack.hpp"
#include "../support/threads.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

Variable derivative(const Variable& y, const Variable& x) {
  return grad({sum(y)}, {x}, {}, create_graph)[0];
}

Variable mlp(const std::vector<Variable>& v) {  // x, w1, b1, w2, b2
  return linear(tanh(linear(v[0], v[1], v[2])), v[3], v[4]);
}

std::vector<Variable> mlp_inputs() {
  std::vector<Variable> inputs;
  std::uint64_t seed = 1;
  for (const Shape& shape : {Shape{3, 2}, Shape{4, 2}, Shape{4}, Shape{1, 4}, Shape{1}})
    inputs.push_back(Variable::leaf(normal(shape, DType::float64, seed++)));
  return inputs;
}

}  // namespace

TEST_CASE("second order: derivatives of sin and exp to the fourth") {
  const Variable x = Variable::leaf(Tensor::from({0.3, -1.2, 2.5}));
  Variable s = sin(x), e = exp(2 * x);
  for (int order = 1; order <= 4; ++order) {
    s = derivative(s, x);
    e = derivative(e, x);
    for (std::int64_t i = 0; i < 3; ++i) {
      const double v = x.at({i});
      CHECK(s.at({i}) == doctest::Approx(std::sin(v + order * std::acos(-1) / 2)));
      CHECK(e.at({i}) == doctest::Approx(std::pow(2, order) * std::exp(2 * v)));
    }
  }
}

TEST_CASE("second order: third derivatives of a small net") {
  std::vector<Tensor> inputs;
  for (const Variable& input : mlp_inputs()) inputs.push_back(input.value());
  const auto curvature = [](const std::vector<Variable>& v) {  // u_xx by the first column
    const Variable u_x = slice(derivative(mlp(v), v[0]), 1, 0, 1);
    return slice(derivative(u_x, v[0]), 1, 0, 1);
  };
  // All but the last bias take part.
  const Tensor last = inputs.back();
  inputs.pop_back();
  gradgradcheck(
      [&](std::vector<Variable> v) {
        v.push_back(last);
        return derivative(mlp(v), v[0]);
      },
      {inputs[0], inputs[1], inputs[2], inputs[3]});
  inputs[0] = inputs[0].rows(0, 1).clone();
  std::vector<Variable> leaves;
  for (const Tensor& input : inputs) leaves.push_back(Variable::leaf(input));
  leaves.push_back(last);
  const auto third = grad({curvature(leaves)}, {leaves[0], leaves[1]});
  for (const std::size_t k : {0, 1}) {
    Tensor value = leaves[k].value();
    for (std::int64_t j = 0; j < value.numel(); ++j) {
      const double step = 1e-5, before = value.data<double>()[j];
      value.mutable_data<double>()[j] = before + step;
      const double above = curvature(leaves).item();
      value.mutable_data<double>()[j] = before - step;
      const double below = curvature(leaves).item();
      value.mutable_data<double>()[j] = before;
      CHECK(third[k].data<double>()[j] ==
            doctest::Approx((above - below) / (2 * step)).epsilon(1e-6));
    }
  }
}

TEST_CASE("second order: a gradient's value is the one of a plain pass") {
  const std::vector<Variable> inputs = mlp_inputs();
  const Variable y = mse(mlp(inputs), Tensor::zeros({3, 1}, DType::float64));
  const auto plain = grad({y}, inputs, {}, retain_graph);
  const auto recorded = grad({y}, inputs, {}, create_graph);
  for (std::size_t i = 0; i < plain.size(); ++i)
    CHECK(deviation(recorded[i].value(), plain[i]) <= 1e-14);
}

TEST_CASE(
    "second order: recorded gradients of attention drop the weights that the plain ones drop") {
  const auto head = [](std::uint64_t seed) {
    return Variable::leaf(normal({2, 3, 37, 8}, DType::float64, seed));
  };
  const std::vector<Variable> inputs = {head(1), head(2), head(3)};
  Generator generator(5);
  AttentionMask mask;
  mask.causal = Causal::yes;
  const Variable y =
      scaled_dot_product_attention(inputs[0], inputs[1], inputs[2], mask, {0.3, &generator});
  const Tensor seed = normal(y.shape(), DType::float64, 4);
  const auto plain = grad({y}, inputs, {seed}, retain_graph);
  const auto recorded = grad({y}, inputs, {Variable(seed)}, create_graph);
  for (std::size_t i = 0; i < 3; ++i) CHECK(deviation(recorded[i].value(), plain[i]) <= 1e-12);
}

TEST_CASE("second order: recorded gradients of logsumexp keep their digits far from 0") {
  for (const float far : {1000.0F, -1e6F}) {
    const Variable x = Variable::leaf(Tensor::from({far, far + 1, far - 2}));
    const Variable y = logsumexp(x);
    const auto plain = grad({y}, {x}, {}, retain_graph);
    const auto recorded = grad({y}, {x}, {}, create_graph);
    CHECK(deviation(recorded[0].value(), plain[0]) <= 1e-6);
    // The Hessian's diagonal is p (1 - p).
    const Tensor p = plain[0].to(DType::float64);
    const Tensor second = hessian(logsumexp(x), x);
    for (std::int64_t i = 0; i < 3; ++i)
      CHECK(second.at({i, i}) == doctest::Approx(p.at({i}) * (1 - p.at({i}))).epsilon(1e-5));
  }
}

TEST_CASE("second order: recompute refuses what it cannot differentiate") {
  const Variable x = Variable::leaf(Tensor::from({1.0, 2.0}));
  const auto squared = [&](const std::function<void(Gradients&)>& rule) {
    return record("squared", x.value() * x.value(), {x},
                  [rule](const Tensor&, Gradients& to) { rule(to); });
  };
  const auto errors = [&](const std::function<void(Gradients&)>& rule) {
    return error_of([&] { derivative(squared(rule), x); });
  };
  const Variable plain = squared([&](Gradients& to) {
    to.recompute({to.input(0, x.value())}, [](const auto& in) { return in[0] * in[0]; });
  });
  CHECK(contains(error_of([&] { grad({plain}, {x}, {Tensor::ones({2}, DType::float64)}); }),
                 "[backward of squared] recompute is for gradients that are recorded"));
  CHECK(contains(errors([&](Gradients& to) {
                   to.recompute({Variable()}, [](const auto& in) { return in[0]; });
                 }),
                 "[backward of squared] recompute needs input 0 as to.input() gives it"));
  CHECK(contains(errors([&](Gradients& to) {
                   to.recompute({to.input(0, x.value())},
                                [](const auto& in) { return sum(in[0]); });
                 }),
                 "what is composed must give [2] of float64, got [] of float64"));
}

TEST_CASE("second order: gradients reach leaves by backward") {
  const Variable x = Variable::leaf(Tensor::from({0.5, -0.25}));
  const Variable y = sum(x * x * x);
  sum(derivative(y, x)).backward();  // of 3 x^2
  CHECK(x.grad().at({0}) == doctest::Approx(3.0));
  CHECK(x.grad().at({1}) == doctest::Approx(-1.5));
}

TEST_CASE("second order: a constant gradient has no graph") {
  const Variable x = Variable::leaf(Tensor::from({1.0, 2.0}));
  CHECK_FALSE(derivative(3 * x, x).requires_grad());
}

TEST_CASE("second order: results are inputs as well as leaves") {
  const Variable x = Variable::leaf(Tensor::from({0.5, 2.0}));
  const Variable h = x * x;
  const auto g = grad({sum(h * h)}, {h, x}, {}, create_graph);
  CHECK(g[0].at({1}) == 8);
  CHECK(g[1].at({1}) == 32);
  CHECK(derivative(g[0], x).at({1}) == 8);   // of 2 h
  CHECK(derivative(g[1], x).at({1}) == 48);  // of 4 x^3
}

TEST_CASE("second order: 100000 operations need no stack") {
  on_a_small_stack([] {
    const Variable x = Variable::leaf(Tensor::from({0.25}));
    const Variable one = Variable::leaf(Tensor::from({1.0}));
    Variable y = x;
    for (int i = 0; i < 100000; ++i) y = y * one;
    const Variable g = derivative(y * y, x);
    CHECK(g.item() == 0.5);
    CHECK(grad({g}, {x}, {}, retain_graph)[0].item() == 2);
    // All of it is destroyed as it is.
  });
}

TEST_CASE("second order: graphs are kept, and freed by the last pass") {
  const Variable x = Variable::leaf(Tensor::from({3.0}));
  const Variable y = x * x * x;
  const Variable g = derivative(y, x);
  CHECK(grad({g}, {x}, {}, retain_graph)[0].item() == 18);
  CHECK(grad({g}, {x})[0].item() == 18);
  CHECK(contains(error_of([&] { grad({g}, {x}); }), "the graph was freed"));
}

TEST_CASE("second order: hooks of variables change a gradient and stay in the graph") {
  const Variable x = Variable::leaf(Tensor::from({2.0}));
  const Variable h = x * x;
  int calls = 0;
  Variable(h).register_hook([&](const Variable& g) {
    ++calls;
    return g * g;
  });
  const Variable g = derivative(h * h, x);  // (2 h)^2 2 x = 8 x^5
  CHECK(g.item() == 256);
  CHECK(calls == 1);
  // g = 2 x (2 h)^2; what goes back to h, 2 x 8 h = 128, passes the hook too.
  CHECK(derivative(g, x).item() == 2 * 64 + 128 * 128 * 4);
  CHECK(calls == 2);
}

TEST_CASE("second order: a hook of tensors may look, and may not end the graph") {
  const Variable x = Variable::leaf(Tensor::from({2.0}));
  Variable h = x * x;
  double seen = 0;
  h.register_hook([&](const Tensor& g) {
    seen = g.item();
    return Tensor();
  });
  CHECK(derivative(h * h, x).item() == 32);
  CHECK(seen == 8);
  h.register_hook([](const Tensor& g) { return g * 2.0; });
  CHECK(contains(error_of([&] { derivative(h * h, x); }), "a hook of mul returns a tensor"));
  CHECK(grad({h * h}, {x})[0].item() == 64);
}

TEST_CASE("second order: refused under NoGrad") {
  const Variable x = Variable::leaf(Tensor::from({2.0}));
  const Variable y = x * x;
  const NoGrad no_grad;
  CHECK(error_of([&] { derivative(y, x); }) != "");
  CHECK(error_of([&] { grad({y}, {x}, {}, create_graph); }) ==
        "[grad] create_graph under NoGrad: nothing would be recorded");
}

TEST_CASE("second order: anomaly mode names the operation of either pass") {
  const AnomalyMode anomaly;
  const Variable x = Variable::leaf(Tensor::from({0.0}));
  CHECK(contains(error_of([&] { derivative(sqrt(x), x); }), "backward of sqrt"));
  const Variable g = derivative(pow(x, 1.5), x);
  CHECK(contains(error_of([&] { derivative(g, x); }), "[anomaly] backward of pow"));
}

TEST_CASE("second order: a value changed in place is noticed") {
  Tensor value = Tensor::from({2.0, 3.0});
  const Variable x = Variable::leaf(value);
  const Variable g = derivative(x * x * x, x);
  value.mutable_data<double>()[0] = 1;
  CHECK(contains(error_of([&] { grad({sum(g)}, {x}); }), "changed in place"));
}

TEST_CASE(
    "second order: a rule of tensors is refused by name, one of variables serves all orders") {
  const Variable x = Variable::leaf(Tensor::from({3.0}));
  const auto plain = [](const Variable& v) {
    return record("cube", v.value() * v.value() * v.value(), {v},
                  [v = Saved(v)](const Tensor& g, Gradients& to) { to.give(0, 3 * g * v * v); });
  };
  CHECK(contains(error_of([&] { derivative(plain(x), x); }),
                 "[backward of cube] the rule gives tensors"));
  const auto any_order = [](const Variable& v) {
    return record("cube", v.value() * v.value() * v.value(), {v},
                  [v = Saved(v)](const Variable& g, Gradients& to) {
                    const Variable x = to.input(0, v);
                    to.give(0, 3 * g * x * x);
                  });
  };
  const Variable g = derivative(any_order(x), x);
  CHECK(g.item() == 27);
  const Variable second = derivative(g, x);
  CHECK(second.item() == 18);
  CHECK(derivative(second, x).item() == 6);
  any_order(x).backward();
  CHECK(x.grad().item() == 27);
}

TEST_CASE("second order: exact gelu refuses in float32, and says what does not") {
  const Variable x = Variable::leaf(Tensor::from({0.5F, -1.0F}));
  CHECK(error_of([&] { derivative(gelu(x), x); }) ==
        "[backward of gelu] in float32 the rule keeps the slope in place of x and cannot be "
        "differentiated again: take Gelu::tanh or float64");
  CHECK(derivative(gelu(x, Gelu::tanh), x).requires_grad());
  const Variable y = Variable::leaf(Tensor::from({0.5}));
  // (2 - x^2) p(x)
  CHECK(derivative(derivative(gelu(y), y), y).item() ==
        doctest::Approx(1.75 * std::exp(-0.125) / std::sqrt(2 * std::acos(-1))));
}

TEST_CASE("second order: wrong seeds are refused") {
  const Variable x = Variable::leaf(Tensor::from({3.0, 1.0}));
  const Variable y = x * x;
  const auto seeded = [&](const std::vector<Variable>& seeds) {
    return error_of([&] { grad({y}, {x}, seeds, create_graph); });
  };
  CHECK(contains(seeded({}), "needs a seed"));
  CHECK(contains(seeded({Variable()}), "the seed must be [2] of float64, got nothing"));
  CHECK(contains(seeded({Tensor::ones({3}, DType::float64)}), "got [3] of float64"));
}

TEST_CASE("second order: the same bits for 1 to 4 threads") {
  std::vector<Tensor> first;
  for (const int threads : test::thread_counts()) {
    const Threads set(threads);
    const Variable x = Variable::leaf(normal({64, 300}, DType::float64, 1));
    const Variable w = Variable::leaf(normal({200, 300}, DType::float64, 2));
    const Variable loss =
        mean(log_softmax(tanh(linear(x, w)), 1) * normal({64, 200}, DType::float64, 3));
    const auto g = grad({loss}, {x, w}, {}, create_graph);
    const auto second = grad({sum(g[0] * g[0]) + sum(g[1] * g[1])}, {x, w});
    if (first.empty()) first = second;
    for (std::size_t i = 0; i < 2; ++i) CHECK(hash(first[i]) == hash(second[i]));
  }
}

TEST_CASE("derivatives: jacobian, hessian, hvp and jvp against literals") {
  const Variable x = Variable::leaf(Tensor::from({2.0, 3.0}));
  const Variable y = stack({x[0] * x[1], x[0] * x[0], 5 * x[1]});
  CHECK(jacobian(y, x).to_vector<double>() == std::vector<double>{3, 2, 4, 0, 0, 5});
  CHECK(jacobian(y, x).shape() == Shape{3, 2});
  CHECK(jvp(y, {x}, {Tensor::from({1.0, -1.0})}).to_vector<double>() ==
        std::vector<double>{1, 4, -5});
  const Variable loss = x[0] * x[0] * x[1];  // H = [[2 b, 2 a], [2 a, 0]]
  CHECK(hessian(loss, x).to_vector<double>() == std::vector<double>{6, 4, 4, 0});
  CHECK(hvp(loss, {x}, {Tensor::from({1.0, 2.0})})[0].to_vector<double>() ==
        std::vector<double>{14, 4});
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("derivatives: what does not depend is 0") {
  const Variable x = Variable::leaf(Tensor::from({2.0, 3.0})),
                 z = Variable::leaf(Tensor::from({1.0}));
  CHECK(hessian(sum(4 * x), x).to_vector<double>() == std::vector<double>(4, 0.0));
  const auto h = hvp(sum(x * x) + sum(z), {x, z}, {Tensor::from({1.0, 1.0}), Tensor::from({1.0})});
  CHECK(h[0].to_vector<double>() == std::vector<double>{2, 2});
  CHECK(h[1].item() == 0);
  CHECK(error_of([&] { hvp(x * x, {x}, {}); }) == "[hvp] expected a loss of one element, got [2]");
  CHECK(
      contains(error_of([&] { hvp(sum(x * x), {x}, {z.value()}); }), "[hvp] tensor 0 must be [2]"));
}

TEST_CASE("gradgradcheck: finds a wrong second form") {
  const auto wrong = [](const std::vector<Variable>& in) {
    const Variable& v = in[0];
    return record("square", v.value() * v.value(), {v},
                  [v = Saved(v)](const Variable& g, Gradients& to) {
                    // A constant where the input belongs.
                    to.give(0, 2 * g * v.get());
                  });
  };
  CHECK_NOTHROW(gradcheck(wrong, {Tensor::from({1.0, 2.0})}));
  CHECK(contains(error_of([&] {
                   gradgradcheck(wrong, {Tensor::from({1.0, 2.0})});
                 }),
                 "[gradgradcheck] input 0, element 0"));
}

TEST_CASE("checks: a gradient without a graph in a loss is told") {
  const Variable x = Variable::leaf(Tensor::from({2.0, 3.0}));
  const std::string told = stderr_of([&] {
    set_checks(true);
    const Variable y = x * x;
    const Variable slope = grad({sum(y)}, {x}, {}, retain_graph)[0];
    mean(slope * slope + y);  // the product is a constant, and so is what it is made of
    mean(slope + y);
    set_checks(false);
  });
  CHECK(contains(told, "plumb: [add] a gradient that grad() gave without a graph"));
  CHECK(told.find("plumb:") == told.rfind("plumb:"));
  CHECK(stderr_of([&] {
          set_checks(true);
          const Variable y = x * x;
          mean(derivative(y, x) + y);
          const Tensor alone = grad({sum(y)}, {x})[0];
          mean(Variable(alone) * 2.0);
          set_checks(false);
        }) == "");
}
