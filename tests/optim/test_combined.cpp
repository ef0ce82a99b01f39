#include <cmath>
#include <memory>

#include "parameters.hpp"
#include "sign_descent.hpp"

namespace plumb::test {
namespace {

using optim::Choice;
using optim::Combined;

// A matrix, a bias and an embedding, as a model lists them.
struct Several {
  Parameter weight{"body.0.weight", Variable::leaf(Tensor::ones({2, 2}, DType::float64))};
  Parameter bias = parameter("body.0.bias", {1, 2});
  Parameter table{"table.weight", Variable::leaf(Tensor::ones({3, 1}, DType::float64))};

  Parameters all() const { return {weight, bias, table}; }
  void set_gradients(int t) const {
    set_grad(weight, {std::sin(t), std::cos(t), 1, -1});
    set_grad(bias, {std::sin(2 * t), -1});
    set_grad(table, {1, std::cos(3 * t), 0});
  }
  std::vector<double> values_of_all() const {
    std::vector<double> joined;
    for (const Parameter& p : all())
      for (const double x : values(p)) joined.push_back(x);
    return joined;
  }
};

optim::SGD::Options heavy() { return optim::SGD::heavy_ball(0.1, 0.9); }

std::vector<Choice> choices() {
  return {{optim::in_layer("table"), optim::by<optim::SGD>(heavy())},
          {optim::is_matrix, optim::by<optim::Muon>()},
          {optim::any_parameter, optim::by<optim::AdamW>()}};
}

struct NoOptions {
  static const optim::Fields<NoOptions>& fields() {
    static const optim::Fields<NoOptions> all = {"Failing", {}};
    return all;
  }
  static optim::StateNames state() { return {}; }
};

// A rule that cannot step.
struct Failing : optim::Rule<NoOptions> {
  using Rule::Rule;
  void update(std::vector<Update>&) override { errors::fail("Failing", "as it must"); }
};

}  // namespace

TEST_CASE(
    "Combined: each parameter goes to the first rule that takes it, and steps as by it alone") {
  const Several together, apart;
  Combined optimizer(together.all(), choices());
  CHECK(optimizer.name() == "SGD+Muon+AdamW");
  REQUIRE(optimizer.groups().size() == 3);
  CHECK(optimizer.groups()[0].parameters[0].name == "table.weight");
  CHECK(optimizer.groups()[1].parameters[0].name == "body.0.weight");
  CHECK(optimizer.groups()[2].parameters[0].name == "body.0.bias");
  CHECK(optimizer.rule(1) == "Muon");
  optim::SGD sgd({apart.table}, heavy());
  optim::Muon muon({apart.weight});
  optim::AdamW adamw({apart.bias});
  for (int t = 1; t <= 5; ++t) {
    together.set_gradients(t);
    apart.set_gradients(t);
    optimizer.step();
    for (optim::Optimizer* each :
         {static_cast<optim::Optimizer*>(&sgd), static_cast<optim::Optimizer*>(&muon),
          static_cast<optim::Optimizer*>(&adamw)})
      each->step();
    CHECK(together.values_of_all() == apart.values_of_all());
  }
  CHECK(optimizer.groups()[1].states[0].steps == 5);
}

TEST_CASE("Combined: layers are named by whole parts") {
  CHECK(optim::in_layer("0")(parameter("0.weight", {1})));
  CHECK(optim::in_layer("0")(parameter("0.2.weight", {1})));
  CHECK_FALSE(optim::in_layer("0")(parameter("01.weight", {1})));
  CHECK_FALSE(optim::in_layer("0")(parameter("1.0.weight", {1})));
}

TEST_CASE("Combined: one schedule, and options by group") {
  const Several model;
  Combined optimizer(model.all(), choices());
  optim::Schedule schedule(optimizer, optim::curve::exponential(0.5));
  schedule.step();
  CHECK(optimizer.lr(0) == 0.05);
  CHECK(optimizer.lr(1) == 0.01);
  CHECK(optimizer.lr(2) == 0.0005);
  optimizer.set(1, "momentum", 0.5);
  CHECK(error_of([&] { optimizer.set(2, "momentum", 0.5); }).find("[AdamW] no option") == 0);
  CHECK(error_of([&] { optimizer.set_lr(-1); }) == "[SGD] lr must be in [0, inf), got -1");
  CHECK(optimizer.lr(1) == 0.01);
}

TEST_CASE("Combined: goes on bit for bit from one state dict") {
  const Several first, second;
  Combined stopped(first.all(), choices()), resumed(second.all(), choices());
  for (int t = 1; t <= 3; ++t) {
    first.set_gradients(t);
    stopped.step();
  }
  resumed.load_state_dict(stopped.state_dict());
  for (std::size_t k = 0; k < 3; ++k)
    Variable(second.all()[k].variable).set_value(first.all()[k].variable.value().clone());
  for (int t = 4; t <= 6; ++t) {
    first.set_gradients(t);
    second.set_gradients(t);
    stopped.step();
    resumed.step();
  }
  CHECK(first.values_of_all() == second.values_of_all());
  CHECK(same_state(stopped.state_dict(), resumed.state_dict()));
  Combined others(second.all(), {{optim::any_parameter, optim::by<optim::AdamW>()}});
  CHECK(error_of([&] { others.load_state_dict(stopped.state_dict()); }) ==
        "[AdamW] the state dict is of SGD+Muon+AdamW");
}

TEST_CASE("Combined: a rule that cannot step keeps the others from stepping") {
  for (const bool before : {false, true}) {
    const Several model;
    const Choice failing = {[](const Parameter& p) { return p.name == "table.weight"; },
                            optim::by<Failing>()};
    const Choice sgd = {[](const Parameter& p) { return p.name != "table.weight"; },
                        optim::by<optim::SGD>(heavy())};
    Combined optimizer(model.all(), before ? std::vector<Choice>{failing, sgd}
                                           : std::vector<Choice>{sgd, failing});
    model.set_gradients(1);
    const StateDict state = optimizer.state_dict().clone();
    const std::vector<double> start = model.values_of_all();
    CHECK(error_of([&] { optimizer.step(); }) == "[Failing] as it must");
    CHECK(model.values_of_all() == start);
    CHECK(same_state(optimizer.state_dict(), state));
    Variable(model.table.variable).set_requires_grad(false);
    CHECK(error_of([&] { optimizer.step(); }) ==
          "[Failing] as it must");  // also without parameters
  }
}

TEST_CASE("Combined: takes rules with groups and what they have kept, and rules of one's own") {
  const Several model, apart;
  auto sgd = std::make_unique<optim::SGD>(
      std::vector<optim::ParameterGroup>{{{model.weight}}, {{model.bias}, {{"lr", 0.5}}}}, heavy());
  optim::SGD alone({{{apart.weight}}, {{apart.bias}, {{"lr", 0.5}}}}, heavy());
  SignDescent other({apart.table});
  model.set_gradients(1);
  apart.set_gradients(1);
  sgd->step();
  alone.step();
  std::vector<std::unique_ptr<optim::Optimizer>> rules;
  rules.push_back(std::move(sgd));
  Combined optimizer(std::move(rules));
  optimizer.add(std::make_unique<SignDescent>(Parameters{model.table}));
  CHECK(optimizer.name() == "SGD+SignDescent");
  CHECK(optimizer.lr(1) == 0.5);
  CHECK(optimizer.rule(2) == "SignDescent");
  for (int t = 2; t <= 4; ++t) {
    model.set_gradients(t);
    apart.set_gradients(t);
    optimizer.step();
    alone.step();
    other.step();
  }
  CHECK(model.values_of_all() == apart.values_of_all());
}

TEST_CASE("Combined: swaps in the weights that each rule is judged by") {
  const Parameter p = parameter("p", {1});
  const Parameter q = parameter("q", {1});
  optim::ScheduleFreeSGD::Options free;
  free.lr = 0.25;
  free.momentum = 0.5;
  Combined optimizer({q, p}, {{[](const Parameter& it) { return it.name == "q"; },
                               optim::by<optim::SGD>(optim::SGD::plain(0.25))},
                              {optim::any_parameter, optim::by<optim::ScheduleFreeSGD>(free)}});
  for (const double gradient : {2.0, 1.0}) {
    set_grad(p, {gradient});
    set_grad(q, {gradient});
    optimizer.step();
  }
  optimizer.swap_in();
  CHECK(values(p)[0] == 0.375);  // as in ScheduleFreeSGD's test
  CHECK(values(q)[0] == 0.25);
  optimizer.swap_out();
  CHECK(values(p)[0] == 0.3125);
}

TEST_CASE("Combined: refuses by name") {
  const Several model;
  const Choice matrices = {optim::is_matrix, optim::by<optim::Muon>()};
  const Choice rest = {optim::any_parameter, optim::by<optim::AdamW>()};
  CHECK(error_of([&] { Combined(model.all(), std::vector<Choice>{}); }) ==
        "[Combined] the list of choices is empty");
  CHECK(error_of([&] { Combined(model.all(), {matrices}); }) ==
        "[Combined] no choice takes parameter 'body.0.bias'");
  CHECK(error_of([&] {
          Combined(model.all(), {rest, matrices});
        }) == "[Combined] no parameter is left for choice 1");
  CHECK(error_of([&] {
          Combined(model.all(), {{optim::any_parameter, optim::by<optim::Muon>()}});
        }) == "[Muon] parameter 'body.0.bias' must have at least 2 axes, got [2]");
  CHECK(error_of([&] { Combined(std::vector<std::unique_ptr<optim::Optimizer>>()); }) ==
        "[Combined] the list of rules is empty");
  Combined optimizer({model.bias}, {rest});
  CHECK(error_of([&] { optimizer.add(nullptr); }) == "[AdamW] a rule is null");
  CHECK(error_of([&] {
          optimizer.add(std::make_unique<optim::SGD>(Parameters{model.bias}, heavy()));
        }) == "[AdamW] parameter 'body.0.bias' is given twice");
  CHECK(error_of([&] {
          optimizer.add(
              std::make_unique<Combined>(Parameters{model.weight}, std::vector<Choice>{rest}));
        }) == "[AdamW] a rule must not be combined itself, got AdamW");
  CHECK(error_of([&] { optimizer.add_group({{model.weight}}); }) ==
        "[AdamW] a group needs a rule: add one with its parameters");
  CHECK(optimizer.groups().size() == 1);
}

}  // namespace plumb::test
