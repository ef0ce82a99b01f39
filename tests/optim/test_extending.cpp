// What docs/extending.md shows of optimizers: its files are compiled as they stand there.
#include <optim/lion.hpp>

#include "../support/document.hpp"
#include "parameters.hpp"

namespace plumb::test {

TEST_CASE("Lion: steps by the sign of an average that looks ahead") {
  optim::LionOptions options;
  options.lr = 0.25;
  options.beta1 = 0.5;
  options.beta2 = 0.75;
  CHECK(after<optim::Lion>(options, {4}) == 0.75);       // m = 1
  CHECK(after<optim::Lion>(options, {4, -0.5}) == 0.5);  // 0.5 - 0.25 is still above 0
  CHECK(after<optim::Lion>(options, {4, -1}) == 0.75);   // and 0.5 - 0.5 is neither
  options.weight_decay = 0.5;
  CHECK(after<optim::Lion>(options, {4}) == 0.625);
}

TEST_CASE("Lion: goes on bit for bit from a state dict, and refuses by name") {
  const Parameter p = parameter("p", {1, 2});
  const Parameter q = parameter("p", {1, 2});
  optim::Lion first({p}), second({q});
  set_grad(p, {3, -2});
  first.step();
  second.load_state_dict(first.state_dict());
  Variable(q.variable).set_value(p.variable.value().clone());
  for (const Parameter& each : {p, q}) set_grad(each, {-0.1, 0.3});
  first.step();
  second.step();
  CHECK(values(p) == values(q));
  CHECK(same_state(first.state_dict(), second.state_dict()));
  CHECK(error_of([&] { first.set(0, "beta2", 1.0); }) == "[Lion] beta2 must be in [0, 1), got 1");
}

TEST_CASE("Lion: a step between two backward passes is noticed") {
  Variable w = Variable::leaf(Tensor::scalar(3));
  optim::Lion optimizer({{"w", w}});
  const Variable y = w * w;
  y.backward(retain_graph);
  optimizer.step();
  CHECK(contains(error_of([&] { y.backward(); }), "changed in place"));
}

}  // namespace plumb::test
