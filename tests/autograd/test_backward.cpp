#include <doctest/doctest.h>

#include <cmath>
#include <plumb/autograd.hpp>
#include <stdexcept>
#include <thread>

using namespace plumb;

namespace {

Variable leaf(double value) { return Variable::leaf(Tensor::scalar(value, DType::float64)); }

// An operation whose rule is given.
template <class Rule>
Variable copy_with(const Variable& x, Rule rule) {
  return record("copy", x.value().clone(), {x}, rule);
}

}  // namespace

TEST_CASE("backward: paths that meet are summed, gradients gather until cleared") {
  Variable x = leaf(3);
  const Variable a = x * x;
  const Variable y = a * a + a * x;  // x^4 + x^3
  y.backward();
  CHECK(x.grad().item() == 4 * 27 + 3 * 9);
  (x * 2.0).backward();
  CHECK(x.grad().item() == 4 * 27 + 3 * 9 + 2);
  x.zero_grad();
  (x * 2.0).backward();
  CHECK(x.grad().item() == 2);
}

TEST_CASE("backward: one leaf used 10^4 times gets exactly 10^4") {
  const Variable x = Variable::leaf(Tensor::ones({1}));
  Variable sum = Tensor::zeros({1});
  for (int i = 0; i < 10'000; ++i) sum = sum + x;
  sum.backward();
  CHECK(x.grad().item() == 10'000);
}

TEST_CASE("backward: a second time needs the graph retained") {
  const Variable x = leaf(2);
  const Variable y = x * x;
  y.backward(retain_graph);
  y.backward();
  CHECK(x.grad().item() == 8);
  CHECK_THROWS_WITH_AS(y.backward(), "[backward] the graph was freed at mul; pass retain_graph",
                       Error);
  CHECK_THROWS_AS((y * 2.0).backward(), Error);
  CHECK(x.grad().item() == 8);
}

TEST_CASE("backward: wants a seed of the output's shape unless it has one element") {
  const Variable x = Variable::leaf(Tensor::ones({2}));
  const Variable y = x * 2.0;
  CHECK_THROWS_WITH_AS(
      y.backward(),
      "[backward] an output of shape [2] needs a seed; only a single element does not", Error);
  CHECK_THROWS_WITH_AS(y.backward(Tensor::ones({3})),
                       "[backward] the seed must be [2] of float32, got [3] of float32", Error);
  CHECK_THROWS_AS(y.backward(Tensor::ones({2}, DType::float64)), Error);
  CHECK_THROWS_AS(y.backward(Tensor()), Error);
  const Tensor seed = Tensor::from({1.f, 10.f});
  y.backward(seed);
  CHECK(x.grad().to_vector<float>() == std::vector<float>{2, 20});
  CHECK(seed.to_vector<float>() == std::vector<float>{1, 10});
}

TEST_CASE("backward: where nothing requires a gradient") {
  const Variable x = Tensor::ones({1});
  CHECK_THROWS_WITH_AS((x * x).backward(),
                       "[backward] nothing that the output depends on requires a gradient", Error);
  CHECK_THROWS_WITH_AS(Variable().backward(), "[backward] the output is undefined", Error);
}

TEST_CASE("backward: a leaf itself gets the seed") {
  const Variable x = leaf(2);
  x.backward();
  CHECK(x.grad().item() == 1);
}

TEST_CASE("backward: a value changed after it was saved is refused, by operation") {
  const Variable x = Variable::leaf(Tensor::ones({2}));
  const Variable w = Variable::leaf(Tensor::full({2}, 3));
  const Variable y = x * w;
  Tensor value = w.value();
  value.fill(4);
  CHECK_THROWS_WITH_AS(
      y.backward(Tensor::ones({2})),
      "[backward of mul] a value saved for backward was changed in place: saved at "
      "version 1, now at 2",
      Error);
  // What no rule saved may change: here neither operand.
  const Variable z = x + w;
  value.fill(5);
  z.backward(Tensor::ones({2}));
  CHECK(w.grad().at({0}) == 1);
  // A view's change is the same change.
  const Variable t = tanh(w);
  Tensor view = t.value().reshape({2, 1});
  view.fill(0);
  CHECK_THROWS_AS(t.backward(Tensor::ones({2})), Error);
}

TEST_CASE("backward: an optimizer step between two retained passes is seen") {
  const Variable w = leaf(2);
  const Variable y = w * w;
  y.backward(retain_graph);
  Tensor value = w.value();
  value.mutable_data<double>()[0] -= 0.1 * w.grad().item();
  CHECK_THROWS_AS(y.backward(), Error);
}

TEST_CASE("backward: an exception in a rule arrives unchanged, and the engine works afterwards") {
  const Variable x = leaf(2);
  bool throwing = true;
  const Variable y = copy_with(x * x, [&](const Tensor& g, Gradients& to) {
    if (throwing) throw std::out_of_range("from the rule");
    to.give(0, g);
  });
  const Variable z = y * 3.0;
  CHECK_THROWS_WITH_AS(z.backward(retain_graph), "from the rule", std::out_of_range);
  throwing = false;
  z.backward();
  CHECK(x.grad().item() == 12);
}

TEST_CASE("backward: a rule may throw half-way and give all its gradients the next time") {
  const Variable a = leaf(2), b = leaf(3);
  bool throwing = true;
  const Variable y =
      record("sum", a.value() + b.value(), {a, b}, [&](const Tensor& g, Gradients& to) {
        to.give(0, g);
        if (throwing) throw std::out_of_range("half-way");
        to.give(1, g);
      });
  CHECK_THROWS_AS(y.backward(retain_graph), std::out_of_range);
  throwing = false;
  Variable(a).zero_grad();
  y.backward();
  CHECK(a.grad().item() == 1);
  CHECK(b.grad().item() == 1);
}

TEST_CASE("backward: a rule that gives the wrong number of gradients or the wrong shape is named") {
  const Variable x = Variable::leaf(Tensor::ones({2}));
  const Tensor seed = Tensor::ones({2});
  const auto with = [&](auto rule) { copy_with(x, rule).backward(seed); };
  CHECK_THROWS_WITH_AS(with([](const Tensor&, Gradients&) {}),
                       "[backward of copy] the rule gave no gradient for input 0", Error);
  CHECK_THROWS_WITH_AS(with([](const Tensor& g, Gradients& to) {
                         to.give(0, g);
                         to.give(0, g);
                       }),
                       "[backward of copy] the rule gave two gradients for input 0", Error);
  CHECK_THROWS_WITH_AS(with([](const Tensor& g, Gradients& to) {
                         to.give(0, g);
                         to.write(0, [](Tensor&, Write) {});
                       }),
                       "[backward of copy] the rule gave two gradients for input 0", Error);
  CHECK_THROWS_WITH_AS(with([](const Tensor& g, Gradients& to) { to.give(1, g); }),
                       "[backward of copy] the operation has 1 inputs, the rule named 1", Error);
  CHECK_THROWS_WITH_AS(
      with([](const Tensor&, Gradients& to) { to.give(0, Tensor::ones({3})); }),
      "[backward of copy] the gradient of input 0 must be [2] of float32, got [3] of float32",
      Error);
  CHECK_THROWS_WITH_AS(
      with([](const Tensor& g, Gradients& to) { to.give(0, g.to(DType::float64)); }),
      "[backward of copy] the gradient of input 0 must be [2] of float32, got [2] of float64",
      Error);
  CHECK_THROWS_WITH_AS(
      with([](const Tensor&, Gradients& to) { to.give(0, Tensor()); }),
      "[backward of copy] the gradient of input 0 must be [2] of float32, got nothing", Error);
}

TEST_CASE("backward: needs tells a rule which inputs want a gradient") {
  const Variable x = leaf(2);
  const Variable c = Tensor::scalar(5, DType::float64);
  bool needed = true;
  const Variable y =
      record("product", x.value() * c.value(), {x, c}, [&](const Tensor& g, Gradients& to) {
        needed = to.needs(1);
        to.give(0, g * 5.0);
        to.give(1, g);
      });
  y.backward();
  CHECK_FALSE(needed);
  CHECK(x.grad().item() == 5);
}

TEST_CASE("backward: gradients that are handed on are not changed behind another's back") {
  // add gives one tensor to both operands; one of them then gets more.
  const Variable a = leaf(1), b = leaf(1);
  const Variable p = a * 2.0, q = b * 3.0;
  const Variable y = (p + q) + p;
  y.backward();
  CHECK(a.grad().item() == 4);
  CHECK(b.grad().item() == 3);
  // Two leaves that were given the same tensor have memory of their own.
  const Variable c = leaf(1), d = leaf(1);
  (c + d).backward();
  Tensor gradient = c.grad();
  gradient.fill(100);
  CHECK(d.grad().item() == 1);
}

TEST_CASE("grad: of leaves and of results, without touching any leaf") {
  const Variable x = leaf(3), w = leaf(2);
  const Variable a = x * x;
  const Variable y = a * w;
  const std::vector<Tensor> gradients = grad({y}, {a, x, w});
  CHECK(gradients[0].item() == 2);
  CHECK(gradients[1].item() == 12);
  CHECK(gradients[2].item() == 9);
  CHECK_FALSE(x.grad().defined());
  CHECK_FALSE(w.grad().defined());
}

TEST_CASE("grad: what hooks make of a gradient is what it returns, of leaves and of results") {
  Variable x = leaf(3);
  Variable y = x * 2.0;
  for (Variable* variable : {&x, &y})
    variable->register_hook([](const Tensor& g) { return g * 10.0; });
  const std::vector<Tensor> gradients = grad({y * y}, {x, y});
  CHECK(gradients[0].item() == 2400);
  CHECK(gradients[1].item() == 120);
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("grad: several outputs, one of them twice, with seeds") {
  const Variable x = leaf(3);
  const Variable y = x * x, z = y * x;
  const Tensor one = Tensor::scalar(1, DType::float64), ten = Tensor::scalar(10, DType::float64);
  CHECK(grad({y, z, y}, {x}, {one, one, ten})[0].item() == 6 + 27 + 60);
}

TEST_CASE("grad: what takes no part and what needs no gradient is refused") {
  const Variable x = leaf(3), other = leaf(1);
  CHECK_THROWS_WITH_AS(grad({x * x}, {x, other}), "[grad] input 1 takes no part in the outputs",
                       Error);
  CHECK_THROWS_WITH_AS(grad({x * x}, {Tensor::ones({1})}),
                       "[grad] an input does not require a gradient", Error);
  CHECK_THROWS_WITH_AS(grad({x * x}, {x}, {Tensor(), Tensor()}),
                       "[grad] expected one seed for each of 1 outputs, got 2", Error);
}

TEST_CASE("hooks: see the complete gradient, once a pass, and may replace it") {
  Variable x = leaf(3);
  Variable y = x * 2.0;
  std::vector<double> seen;
  y.register_hook([&](const Tensor& g) {
    seen.push_back(g.item());
    return g * 10.0;
  });
  x.register_hook([&](const Tensor& g) {
    seen.push_back(g.item());
    return Tensor();
  });
  (y * y + x).backward();  // dy = 2 y = 12, dx = 120 * 2 + 1
  CHECK(seen == std::vector<double>{12, 241});
  CHECK(x.grad().item() == 241);
  y = x * 2.0;
  y.register_hook([](const Tensor&) { return Tensor::ones({3}, DType::float64); });
  CHECK_THROWS_WITH_AS(y.backward(),
                       "[backward] a hook of mul must return [] of float64, got [3] of float64",
                       Error);
  CHECK_THROWS_WITH_AS(Variable(Tensor::ones({1})).register_hook([](const Tensor& g) { return g; }),
                       "[register_hook] no gradient flows to the variable", Error);
}

TEST_CASE("backward: 4 threads x 200 passes on a shared leaf add up to exactly 800") {
  const Variable x = Variable::leaf(Tensor::ones({64}));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) (x + 1.0).backward(Tensor::ones({64}));
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(x.grad().to_vector<float>() == std::vector<float>(64, 800));
}

TEST_CASE("backward: threads that meet in one graph get an error or the right gradient") {
  const Variable x = Variable::leaf(Tensor::ones({4}));
  Variable shared = x;
  for (int i = 0; i < 200; ++i) shared = shared * 1.0;
  std::atomic<int> passed{0}, refused{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        try {
          shared.backward(Tensor::ones({4}), retain_graph);
          ++passed;
        } catch (const Error&) {
          ++refused;
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(passed + refused == 200);
  CHECK(passed >= 1);
  CHECK(x.grad().at({0}) == passed);
}

TEST_CASE("hooks: one that registers others leaves the running pass as it was") {
  const Variable x = Variable::leaf(Tensor::scalar(2));
  Variable y = x * 3.0;
  int late = 0, behind = 0;
  const auto register_more = [&](const Tensor& g) {
    for (int i = 0; i < 20; ++i)
      y.register_hook([&late](const Tensor& g) {
        ++late;
        return g;
      });
    return g * 2.0;
  };
  y.register_hook(register_more);
  for (int i = 0; i < 3; ++i)
    y.register_hook([&](const Tensor& g) {
      ++behind;
      return g + 1.0;
    });
  y.backward(RetainGraph::yes);
  CHECK(late == 0);
  CHECK(behind == 3);
  CHECK(x.grad().item() == 15);  // (2 + 3) 3
  y.backward();
  CHECK(late == 20);
}

TEST_CASE("hooks: one that drops the last handle on the output does no harm") {
  const Variable x = leaf(3);
  Variable y = x * x;
  y.register_hook([&](const Tensor&) {
    y = Variable();
    return Tensor();
  });
  const Variable same = y * 1.0;
  same.backward();
  CHECK(x.grad().item() == 6);
  Variable z = x * 2.0;
  z.register_hook([&](const Tensor&) {
    z = Variable();
    return Tensor();
  });
  z.backward();
  CHECK(x.grad().item() == 8);
}

TEST_CASE("backward: a rule may write two gradients of one leaf at once, and look at the leaf") {
  const Variable x = leaf(3);
  const auto product = [](const Variable& x) {
    return record("product", x.value() * x.value(), {x, x},
                  [x, v = x.value()](const Tensor& g, Gradients& to) {
                    to.write(0, [&](Tensor& da, Write) {
                      to.write(1, [&](Tensor& db, Write) {
                        db.copy_from(g * v);
                        da.copy_from(g * v);
                        x.grad();
                      });
                    });
                  });
  };
  product(x).backward();
  CHECK(x.grad().item() == 6);
}

TEST_CASE("backward: a rule may run another backward on the same leaf") {
  const Variable x = leaf(3);
  const Variable y = record("outer", x.value().clone(), {x}, [x](const Tensor& g, Gradients& to) {
    to.write(0, [&](Tensor& dx, Write mode) {
      (x * x).backward();
      if (mode == Write::overwrite) dx.fill(0);
      dx.mutable_data<double>()[0] += g.item();
    });
  });
  y.backward();
  CHECK(x.grad().item() == 7);
}

TEST_CASE("hooks: many leaves with hooks may be given inside one write") {
  std::vector<Variable> leaves;
  int calls = 0;
  for (int i = 0; i < 40; ++i) {
    leaves.push_back(leaf(i));
    leaves.back().register_hook([&](const Tensor&) {
      ++calls;
      return Tensor();
    });
  }
  record("many", Tensor::scalar(1, DType::float64), leaves, [](const Tensor& g, Gradients& to) {
    to.write(0, [&](Tensor& dx, Write) {
      for (std::size_t i = 1; i < 40; ++i) to.give(i, g * static_cast<double>(i));
      dx.copy_from(g);
    });
  }).backward();
  CHECK(calls == 40);
  CHECK(leaves[0].grad().item() == 1);
  CHECK(leaves[39].grad().item() == 39);
}

TEST_CASE("grad: runs and frees only what lies between outputs and inputs") {
  const Variable x = leaf(2);
  int below = 0;
  const Variable h = copy_with(x, [&](const Tensor& g, Gradients& to) {
    ++below;
    to.give(0, g);
  });
  const Variable y = h * h;
  CHECK(grad({y}, {h})[0].item() == 4);
  CHECK(below == 0);
  h.backward();  // its own graph is still there
  CHECK(below == 1);
  CHECK(grad({h * h}, {h})[0].item() == 4);  // and is not needed
  const Variable other = leaf(1), z = x * x;
  CHECK_THROWS_AS(grad({z}, {other}), Error);
  z.backward();  // the refused call has freed nothing
}

TEST_CASE("backward: a leaf that was frozen after the forward gets no gradient") {
  Variable x = leaf(2);
  const Variable w = leaf(3);
  const Variable y = x * w;
  x.set_requires_grad(false);
  y.backward();
  CHECK_FALSE(x.grad().defined());
  CHECK(w.grad().item() == 2);
}

TEST_CASE("backward: a pass within a pass through the same graph is refused") {
  const Variable x = leaf(2);
  const Variable shared = x * x;
  Variable y = shared * 3.0;
  y.register_hook([&](const Tensor&) {
    shared.backward(retain_graph);
    return Tensor();
  });
  CHECK_THROWS_WITH_AS(y.backward(),
                       "[backward] another pass is running through the same graph, at mul", Error);
}
