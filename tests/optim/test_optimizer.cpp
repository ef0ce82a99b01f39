#include <cmath>
#include <limits>

#include "pair.hpp"
#include "rules.hpp"

namespace plumb::test {
namespace {

using optim::SGD;

}  // namespace

TEST_CASE("Optimizer: options of a group override the defaults one by one") {
  SGD::Options defaults = SGD::heavy_ball(0.1, 0.9);
  defaults.weight_decay = 0.25;
  // 0 is SGD's own default for momentum, and set here all the same.
  const Pair pair(defaults, {{"momentum", 0.0}, {"lr", 0.5}});
  CHECK(pair.optimizer.options(0).lr == 0.1);
  CHECK(pair.optimizer.options(0).momentum == 0.9);
  CHECK(pair.optimizer.options(1).lr == 0.5);
  CHECK(pair.optimizer.options(1).momentum == 0);
  CHECK(pair.optimizer.options(1).weight_decay == 0.25);
}

TEST_CASE("Optimizer: each group steps by its own options") {
  const Parameter p = parameter("p", {1});
  const Parameter q = parameter("q", {1});
  SGD optimizer({{{p}}, {{q}, {{"lr", 0.5}}}}, SGD::plain(0.25));
  set_grad(p, {1});
  set_grad(q, {1});
  optimizer.step();
  CHECK(values(p)[0] == 0.75);
  CHECK(values(q)[0] == 0.5);
}

TEST_CASE("Optimizer: a group that is added later takes part") {
  const Parameter p = parameter("p", {1});
  const Parameter q = parameter("q", {1});
  SGD optimizer({p}, SGD::heavy_ball(0.25, 0.5));
  set_grad(p, {2});
  set_grad(q, {2});
  optimizer.step();
  CHECK(values(q)[0] == 1);
  optimizer.add_group({{q}, {{"lr", 0.125}}});
  optimizer.step();
  CHECK(values(p)[0] == -0.25);  // a = 3
  CHECK(values(q)[0] == 0.75);   // its first step: a = 2
  CHECK(optimizer.groups()[0].states[0].steps == 2);
  CHECK(optimizer.groups()[1].states[0].steps == 1);
}

TEST_CASE("Optimizer: refuses lists of parameters by name") {
  const Parameter p = parameter("p", {1});
  const Parameter q = parameter("q", {2});
  const SGD::Options options;
  CHECK(error_of([&] { SGD(Parameters(), options); }) ==
        "[SGD] the list of parameters of group 0 is empty");
  CHECK(error_of([&] { SGD(std::vector<optim::ParameterGroup>(), options); }) ==
        "[SGD] the list of parameter groups is empty");
  CHECK(error_of([&] {
          SGD({{{p}}, {{}}}, options);
        }) == "[SGD] the list of parameters of group 1 is empty");
  CHECK(error_of([&] { SGD({p, q, p}, options); }) == "[SGD] parameter 'p' is given twice");
  CHECK(error_of([&] { SGD({{{p}}, {{q, p}}}, options); }) == "[SGD] parameter 'p' is given twice");
  CHECK(error_of([&] {
          SGD({p, {"tied", p.variable}}, options);
        }) == "[SGD] parameter 'tied' is the same as parameter 'p'");
  CHECK(error_of([&] {
          SGD({p, {"p", q.variable}}, options);
        }) ==
        "[SGD] two parameters are named 'p'; parameters(\"a\") of one model and "
        "parameters(\"b\") of the other tell them apart");
  CHECK(error_of([&] { SGD({{"", p.variable}}, options); }) == "[SGD] a parameter has no name");
  CHECK(error_of([&] { SGD({{"u", Variable()}}, options); }) == "[SGD] parameter 'u' is undefined");
  CHECK(error_of([&] {
          SGD({{"sum", p.variable + q.variable}}, options);
        }) == "[SGD] parameter 'sum' is the result of an operation, expected a leaf");
  CHECK(error_of([&] {
          SGD({{"i", Variable(Tensor::arange(3))}}, options);
        }) == "[SGD] parameter 'i' must be float32 or float64, got int64");
  CHECK(error_of([&] {
          SGD({optim::ParameterGroup{{p}, {{"beta", 0.1}}}}, options);
        }) ==
        "[SGD] no option named 'beta'; there are lr, momentum, dampening, debias, nesterov, "
        "weight_decay, maximize, accumulate_below, max_wait");
}

TEST_CASE("Optimizer: a refused group changes nothing") {
  const Parameter p = parameter("p", {1});
  const Parameter q = parameter("q", {1});
  SGD optimizer({p}, SGD::plain(0.1));
  CHECK(error_of([&] {
          optimizer.add_group({{q, p}, {}});
        }) == "[SGD] parameter 'p' is given twice");
  CHECK(error_of([&] {
          optimizer.add_group({{q}, {{"lr", -1.0}}});
        }) == "[SGD] lr must be in [0, inf), got -1");
  CHECK(optimizer.groups().size() == 1);
  optimizer.add_group({{q}, {}});
  CHECK(optimizer.groups().size() == 2);
}

TEST_CASE("Optimizer: options are read and changed by name") {
  Pair pair;
  pair.optimizer.set(1, "weight_decay", 0.25);
  pair.optimizer.set_lr(1, 0.5);
  CHECK(to_string(pair.optimizer.settings(1)) ==
        "lr=0.5, momentum=0.9, dampening=0, debias=false, nesterov=false, weight_decay=0.25, "
        "maximize=false, accumulate_below=0, max_wait=0");
  CHECK(pair.optimizer.lr(0) == 0.1);
  CHECK(pair.optimizer.lr(1) == 0.5);
  pair.optimizer.set_lr(0.75);
  CHECK(pair.optimizer.lr(0) == 0.75);
  CHECK(pair.optimizer.lr(1) == 0.75);
  CHECK(error_of([&] { pair.optimizer.set_lr(-0.5); }) == "[SGD] lr must be in [0, inf), got -0.5");
  CHECK(error_of([&] { pair.optimizer.set(2, "lr", 0.1); }) ==
        "[SGD] group 2 is out of range [0, 2)");
  CHECK(error_of([&] { pair.optimizer.lr(-1); }) == "[SGD] group -1 is out of range [0, 2)");
  CHECK(error_of([&] {
          pair.optimizer.set(0, {{"lr", 0.1}, {"momentum", 3.0}});
        }) == "[SGD] momentum must be in [0, 1), got 3");
  CHECK(pair.optimizer.lr(0) == 0.75);
}

TEST_CASE("Optimizer: a parameter without a gradient is skipped and not counted") {
  const Parameter p = parameter("p", {1});
  const Parameter q = parameter("q", {1});
  SGD optimizer({p, q}, SGD::heavy_ball(0.25, 0.5));
  set_grad(p, {2});
  optimizer.step();
  optimizer.step();
  CHECK(values(q)[0] == 1);
  CHECK(optimizer.groups()[0].states[0].steps == 2);
  CHECK(optimizer.groups()[0].states[1].steps == 0);
  set_grad(q, {2});
  optimizer.step();
  CHECK(values(q)[0] == 0.5);  // its own first step
  CHECK(optimizer.groups()[0].states[1].steps == 1);
}

TEST_CASE("Optimizer: a frozen parameter is skipped although it has a gradient") {
  Parameter p = parameter("p", {1});
  SGD optimizer({p}, SGD::heavy_ball(0.25, 0.5));
  set_grad(p, {2});
  p.variable.set_requires_grad(false);
  optimizer.step();
  CHECK(values(p)[0] == 1);
  CHECK(optimizer.groups()[0].states[0].steps == 0);
  p.variable.set_requires_grad(true);
  optimizer.step();
  CHECK(values(p)[0] == 0.5);
}

TEST_CASE("Optimizer: zero_grad forgets the gradients of all groups") {
  Pair pair;
  pair.step(1);
  CHECK(pair.w.variable.grad().defined());
  pair.optimizer.zero_grad();
  CHECK_FALSE(pair.w.variable.grad().defined());
  CHECK_FALSE(pair.b.variable.grad().defined());
}

TEST_CASE("Optimizer: step never changes a gradient and keeps no handle on it") {
  SGD::Options options = SGD::debiased(0.1, 0.9);
  options.weight_decay = 0.5;
  options.nesterov = true;
  options.maximize = true;
  Pair pair(options);
  pair.step(1);
  CHECK(pair.w.variable.grad().to_vector<double>() ==
        std::vector<double>{std::sin(1), std::cos(1), 1});
  Tensor gradient = Tensor::from({1.0, 2.0, 3.0});
  pair.w.variable.set_grad(gradient);
  pair.optimizer.step();
  pair.w.variable.set_grad(Tensor());
  CHECK(gradient.unique());
}

TEST_CASE("Optimizer: a step between two backward passes is noticed under every rule") {
  for (const RuleCase& it : rule_cases())
    for (const DType dtype : {DType::float32, DType::float64}) {
      INFO(to_string(it) << errors::text(" of ", dtype));
      Variable w = Variable::leaf(Tensor::scalar(3, dtype));
      const auto optimizer = make_optimizer(it.rule, {{{{"w", w}}, it.options}});
      const Variable y = w * w;
      y.backward(retain_graph);
      CHECK(w.grad().item() == 6);
      optimizer->step();
      CHECK(w.item() != 3);
      CHECK(contains(error_of([&] { y.backward(); }), "changed in place"));
    }
}

TEST_CASE("Optimizer: options that somebody holds keep their learning rate") {
  Pair pair;
  const optim::Optimizer::Group held = pair.optimizer.groups()[0];
  pair.optimizer.set_lr(0, 0.5);
  pair.optimizer.set_lr(0.75);
  CHECK(held.options->lr() == 0.1);
  CHECK(pair.optimizer.lr(0) == 0.75);
}

TEST_CASE("Optimizer: a refused learning rate changes no group") {
  Pair pair;
  pair.optimizer.set_lr(1, 0.5);
  CHECK(error_of([&] { pair.optimizer.set_lr(std::nan("")); }) ==
        "[SGD] lr must be in [0, inf), got nan");
  CHECK(error_of([&] { pair.optimizer.set_lr(2, 0.1); }) == "[SGD] group 2 is out of range [0, 2)");
  CHECK(pair.optimizer.lr(0) == 0.1);
  CHECK(pair.optimizer.lr(1) == 0.5);
}

TEST_CASE("Optimizer: a rule without a learning rate says so") {
  struct Options {
    double speed = 1;
    static const optim::Fields<Options>& fields() {
      static const optim::Fields<Options> all = {"Drift",
                                                 {{"speed", &Options::speed, optim::at_least(0)}}};
      return all;
    }
    static optim::StateNames state() { return {}; }
  };
  struct Drift : optim::Rule<Options> {
    using Rule::Rule;
    void update(std::vector<Update>&) override {}
  };
  Drift drift({parameter("p", {1})});
  CHECK(error_of([&] { drift.lr(); }) == "[Drift] no option named 'lr'");
  CHECK(error_of([&] { drift.set_lr(1); }) == "[Drift] no option named 'lr'; there are speed");
  CHECK(error_of([&] { drift.set_lr(0, 1); }) == "[Drift] no option named 'lr'; there are speed");
}

TEST_CASE("Optimizer: gradients that are not finite are refused whole when asked") {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    Pair pair;
    pair.optimizer.set_gradient_check(optim::GradientCheck::finite);
    pair.step(1);
    const StateDict before = pair.all().clone();
    set_grad(pair.w, {1, 1, 1});
    set_grad(pair.b, {bad});
    CHECK(error_of([&] { pair.optimizer.step(); }) ==
          "[SGD] the gradient of 'b' holds a NaN or an infinity: no step");
    CHECK_THROWS_AS(pair.optimizer.step(), optim::RefusedGradient);
    CHECK(same_state(before, pair.all()));
    pair.optimizer.set_gradient_check(optim::GradientCheck::none);
    pair.optimizer.step();
    CHECK_FALSE(std::isfinite(values(pair.b)[0]));
  }
}

TEST_CASE("Optimizer: a profile has its steps, with what they read and write") {
  Pair pair({}, {{"momentum", 0.5}});  // w, 3 elements, without an average; b, 1 element, with one
  pair.step(1);                        // makes the average
  const Profile profile;
  pair.step(2);
  const std::vector<ProfileRow> rows = profile.rows();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].operation == "SGD");
  CHECK(rows[0].phase == Phase::step);
  CHECK(rows[0].calls == 1);
  const double element = static_cast<double>(size_of(pair.w.variable.dtype()));
  CHECK(rows[0].bytes == element * (3 * 3 + 5 * 1));
}

TEST_CASE("Optimizer: a parameter that was given another dtype or shape is refused by name") {
  Pair pair;
  pair.step(1);
  pair.b.variable.set_value(Tensor::from({1.0f}));
  set_grad(pair.b, {1});
  const StateDict before = pair.all().clone();
  CHECK(error_of([&] { pair.optimizer.step(); }) ==
        "[SGD] parameter 'b' is [1] of float32, its average is [1] of float64");
  pair.b.variable.set_value(Tensor::from({1.0, 2.0}));
  set_grad(pair.b, {1, 1});
  CHECK(error_of([&] { pair.optimizer.step(); }) ==
        "[SGD] parameter 'b' is [2] of float64, its average is [1] of float64");
  CHECK(values(pair.w) == before.tensor("value.w").to_vector<double>());
}

}  // namespace plumb::test
