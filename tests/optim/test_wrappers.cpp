// Steps by a closure, SAM and Lookahead.
#include <cmath>

#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::Lookahead;
using optim::SAM;

// The loss p^2 / 2 of one parameter.
struct Bowl {
  Parameter p = parameter("p", {1});
  int calls = 0;

  optim::Closure closure(optim::Optimizer& optimizer) {
    return [&] {
      ++calls;
      optimizer.zero_grad();
      const Variable loss = sum(0.5 * p.variable * p.variable);
      loss.backward();
      return loss.item();
    };
  }
  double at() const { return values(p)[0]; }
};

}  // namespace

TEST_CASE("Optimizer: a step by a closure calls it once and returns the loss before the step") {
  Bowl bowl;
  optim::SGD optimizer({bowl.p}, optim::SGD::plain(0.25));
  CHECK(optimizer.step(bowl.closure(optimizer)) == 0.5);
  CHECK(bowl.at() == 0.75);
  CHECK(bowl.calls == 1);
  CHECK(error_of([&] { optimizer.step([]() -> double { errors::fail("loss", "none"); }); }) ==
        "[loss] none");
  CHECK(bowl.at() == 0.75);
}

TEST_CASE("SAM: steps by the gradient at the worst point nearby") {
  Bowl bowl;
  optim::SGD sgd({bowl.p}, optim::SGD::plain(0.25));
  SAM optimizer(sgd, {0.5});
  CHECK(optimizer.step(bowl.closure(sgd)) == 0.5);  // the loss at p = 1, not at 1.5
  CHECK(bowl.calls == 2);
  CHECK(bowl.at() == doctest::Approx(1 - 0.25 * 1.5).epsilon(1e-12));
}

TEST_CASE("SAM: one norm for all parameters, and a gradient of 0 moves nothing") {
  const Parameter p = parameter("p", {1}), q = parameter("q", {1}), r = parameter("r", {1});
  optim::SGD sgd({{{p}}, {{q, r}}}, optim::SGD::plain(1));
  SAM optimizer(sgd, {5});
  std::vector<std::vector<double>> seen;
  optimizer.step([&] {
    seen.push_back({values(p)[0], values(q)[0], values(r)[0]});
    set_grad(p, {3});
    set_grad(q, {-4});
    return 0.0;
  });
  REQUIRE(seen.size() == 2);
  CHECK(seen[1][0] == doctest::Approx(4).epsilon(1e-12));
  CHECK(seen[1][1] == doctest::Approx(-3).epsilon(1e-12));
  CHECK(seen[1][2] == 1);  // without a gradient
  CHECK(values(p)[0] == -2);
  CHECK(values(q)[0] == 5);
  int calls = 0;
  for (const double gradient : {0.0, std::nan("")}) {
    optimizer.step([&] {
      ++calls;
      set_grad(p, {gradient});
      set_grad(q, {0});
      return 0.0;
    });
  }
  CHECK(calls == 2);  // once each
  CHECK(values(q)[0] == 5);
}

TEST_CASE("SAM: a closure that throws leaves the weights where they were") {
  Bowl bowl;
  optim::SGD sgd({bowl.p}, optim::SGD::plain(0.25));
  SAM optimizer(sgd);
  const optim::Closure closure = bowl.closure(sgd);
  CHECK(error_of([&] {
          optimizer.step([&] {
            if (bowl.calls == 1) errors::fail("loss", "none");
            return closure();
          });
        }) == "[loss] none");
  CHECK(bowl.at() == 1);
  CHECK(sgd.groups()[0].states[0].steps == 0);
  sgd.swap_in();
  CHECK(error_of([&] { optimizer.step(closure); }) ==
        "[SAM] swap out the weights to judge by before you step");
  CHECK(error_of([&] { SAM(sgd, {-1}); }) == "[SAM] rho must be in [0, inf), got -1");
  CHECK(SAM(sgd).rho() == 0.05);
}

TEST_CASE("Lookahead: the slow weights follow every k steps, and the fast ones go on from there") {
  const Parameter p = parameter("p", {1});
  optim::SGD sgd({p}, optim::SGD::plain(0.25));
  Lookahead optimizer(sgd, {2, 0.5});
  set_grad(p, {2});
  optimizer.step();
  CHECK(values(p)[0] == 0.5);
  optimizer.step();
  CHECK(values(p)[0] == 0.5);  // half of the way from 1 to 0
  optimizer.step();
  CHECK(values(p)[0] == 0);
  CHECK(optimizer.step([&] { return 7.0; }) == 7);
  CHECK(values(p)[0] == 0);  // from 0.5 to -0.5
  CHECK(optimizer.t() == 4);
}

TEST_CASE("Lookahead: goes on bit for bit from a state dict") {
  const Parameter p = parameter("p", {1, 2}), q = parameter("p", {1, 2});
  optim::AdamW adamw({p}), resumed_adamw({q});
  Lookahead optimizer(adamw, {3, 0.3}), resumed(resumed_adamw, {3, 0.3});
  const auto step = [](Lookahead& it, const Parameter& of, int t) {
    set_grad(of, {std::sin(t), 1});
    it.step();
  };
  for (int t = 1; t <= 4; ++t) step(optimizer, p, t);
  Variable(q.variable).set_value(p.variable.value().clone());
  resumed.load_state_dict(optimizer.state_dict());
  resumed_adamw.load_state_dict(adamw.state_dict());
  for (int t = 5; t <= 8; ++t) {
    step(optimizer, p, t);
    step(resumed, q, t);
  }
  CHECK(values(p) == values(q));
  CHECK(same_state(optimizer.state_dict(), resumed.state_dict()));
}

TEST_CASE("Lookahead: groups that are added later take part") {
  const Parameter p = parameter("p", {1}), q = parameter("q", {1});
  optim::SGD sgd({p}, optim::SGD::plain(0.25));
  Lookahead optimizer(sgd, {2, 0.5});
  set_grad(p, {2});
  set_grad(q, {2});
  optimizer.step();
  sgd.add_group({{q}});
  optimizer.step();
  CHECK(values(q)[0] == 0.75);  // half of its one step
}

TEST_CASE("wrappers: what cannot be wrapped is refused") {
  const Parameter p = parameter("p", {1}), q = parameter("q", {1});
  optim::LBFGS lbfgs({p});
  CHECK(contains(error_of([&] { optim::SAM wrapper(lbfgs); }), "[SAM] LBFGS asks for the loss"));
  optim::ScheduleFreeSGD averaged({q});
  CHECK(contains(error_of([&] { Lookahead wrapper(averaged); }),
                 "[Lookahead] ScheduleFreeSGD has averaged weights"));
}

TEST_CASE("Lookahead: refuses by name, changing nothing") {
  const Parameter p = parameter("p", {1}), q = parameter("q", {1});
  optim::SGD sgd({p}, optim::SGD::plain(0.25)), other({q}, optim::SGD::plain(0.25));
  CHECK(error_of([&] { Lookahead(sgd, {0, 0.5}); }) == "[Lookahead] k must be in [1, inf), got 0");
  CHECK(error_of([&] {
          Lookahead(sgd, {5, 1.5});
        }) == "[Lookahead] alpha must be in [0, 1], got 1.5");
  Lookahead optimizer(sgd), of_q(other);
  CHECK(error_of([&] {
          optimizer.load_state_dict(Lookahead(sgd, {4, 0.5}).state_dict());
        }) == "[Lookahead] the state is of k=4, alpha=0.5, this is k=5, alpha=0.5");
  CHECK(contains(error_of([&] { optimizer.load_state_dict(of_q.state_dict()); }),
                 "no tensor named 'p'"));
  StateDict bad = optimizer.state_dict();
  bad.set("t", std::int64_t{-1});
  CHECK(error_of([&] { optimizer.load_state_dict(bad); }) ==
        "[Lookahead] t is -1, expected [0, 2^62]");
  Variable(p.variable).set_value(Tensor::from({1.0, 2.0}));
  set_grad(p, {1, 1});
  CHECK(error_of([&] { optimizer.step(); }) ==
        "[Lookahead] parameter 'p' is [2] of float64, its slow weights are [1] of float64");
  CHECK(values(p) == std::vector<double>{1, 2});
}

}  // namespace plumb::test
