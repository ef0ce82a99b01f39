#include <doctest/doctest.h>

#include <atomic>
#include <plumb/autograd.hpp>

#include "../support/small_stack.hpp"

using namespace plumb;

TEST_CASE("graph: a chain of a million operations runs and frees on a stack of 64 KiB") {
  float gradient_after_chain = 0;
  test::on_a_small_stack([&] {
    const Variable x = Variable::leaf(Tensor::ones({1}));
    {
      Variable y = x;
      for (int i = 0; i < 1'000'000; ++i) y = y + 1.0;
      y.backward();
      gradient_after_chain = x.grad().item<float>();
    }
    // And one that is freed without having run.
    Variable y = x;
    for (int i = 0; i < 1'000'000; ++i) y = y * 1.0;
  });
  CHECK(gradient_after_chain == 1);
}

TEST_CASE("graph: what a rule captured is freed by backward, and with the graph otherwise") {
  struct Witness {
    std::shared_ptr<int> alive = std::make_shared<int>(0);
  };
  const Variable x = Variable::leaf(Tensor::ones({1}));
  std::weak_ptr<int> watched;
  const auto watched_operation = [&] {
    Witness witness;
    watched = witness.alive;
    return record("watched", x.value().clone(), {x},
                  [witness](const Tensor& g, Gradients& to) { to.give(0, g); });
  };
  Variable y = watched_operation();
  CHECK_FALSE(watched.expired());
  y.backward(retain_graph);
  CHECK_FALSE(watched.expired());
  y.backward();
  CHECK(watched.expired());
  y = watched_operation();
  CHECK_FALSE(watched.expired());
  y = Variable();
  CHECK(watched.expired());
  const NoGrad scope;
  y = watched_operation();
  CHECK(watched.expired());
}
