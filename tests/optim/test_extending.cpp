// What docs/extending.md shows of optimizers: its files are compiled as they stand there.
#include <optim/signum.hpp>

#include "../support/document.hpp"
#include "parameters.hpp"

namespace plumb::test {

TEST_CASE("Signum: steps by the sign of an average") {
  optim::SignumOptions options;
  options.lr = 0.25;
  options.momentum = 0.5;
  CHECK(after<optim::Signum>(options, {4}) == 0.75);      // m = 2
  CHECK(after<optim::Signum>(options, {4, -1}) == 0.5);   // 1 - 0.5 is still above 0
  CHECK(after<optim::Signum>(options, {4, -2}) == 0.75);  // and 1 - 1 is neither
  options.weight_decay = 0.5;
  CHECK(after<optim::Signum>(options, {4}) == 0.625);
}

TEST_CASE("Signum: goes on bit for bit from a state dict, and refuses by name") {
  const Parameter p = parameter("p", {1, 2});
  const Parameter q = parameter("p", {1, 2});
  optim::Signum first({p}), second({q});
  set_grad(p, {3, -2});
  first.step();
  second.load_state_dict(first.state_dict());
  Variable(q.variable).set_value(p.variable.value().clone());
  for (const Parameter& each : {p, q}) set_grad(each, {-0.1, 0.3});
  first.step();
  second.step();
  CHECK(values(p) == values(q));
  CHECK(same_state(first.state_dict(), second.state_dict()));
  CHECK(error_of([&] { first.set(0, "momentum", 1.0); }) ==
        "[Signum] momentum must be in [0, 1), got 1");
}

TEST_CASE("Signum: a step between two backward passes is noticed") {
  Variable w = Variable::leaf(Tensor::scalar(3));
  optim::Signum optimizer({{"w", w}});
  const Variable y = w * w;
  y.backward(retain_graph);
  optimizer.step();
  CHECK(contains(error_of([&] { y.backward(); }), "changed in place"));
}

}  // namespace plumb::test
