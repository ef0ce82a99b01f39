#include <cmath>
#include <limits>

#include "pair.hpp"
#include "rules.hpp"

namespace plumb::test {
namespace {

using optim::SGD;

// w and b under a rule, b with a learning rate of its own.
struct Run {
  Parameter w = parameter("w", {1, 2, 3});
  Parameter b = parameter("b", {0.5});
  std::unique_ptr<optim::Optimizer> optimizer;

  Run(const std::string& rule, const optim::Settings& options) {
    optim::Settings of_b = options;
    of_b.push_back({"lr", 0.05});
    optimizer = make_optimizer(rule, {{{w}, options}, {{b}, of_b}});
  }
  // b has no gradient in every third step.
  void step(int t) {
    set_grad(w, {std::sin(t), std::cos(t), 1.0 / t});
    set_grad(b, {std::sin(2 * t)});
    if (t % 3 == 0) Variable(b.variable).set_grad(Tensor());
    optimizer->step();
  }
  StateDict all() const {
    StateDict state = optimizer->state_dict();
    state.set("value.w", w.variable.value());
    state.set("value.b", b.variable.value());
    return state;
  }
};

}  // namespace

TEST_CASE("optimizer state: every rule goes on bit for bit from a state dict of any step") {
  for (const RuleCase& it : rule_cases()) {
    INFO(to_string(it));
    for (int stop = 0; stop <= 7; ++stop) {
      Run straight(it.rule, it.options);
      Run before(it.rule, it.options);
      for (int t = 1; t <= 8; ++t) straight.step(t);
      for (int t = 1; t <= stop; ++t) before.step(t);
      Run after(it.rule, {{"lr", 0.5}});  // with other options: those of the state replace them
      after.w.variable.set_value(before.w.variable.value().clone());
      after.b.variable.set_value(before.b.variable.value().clone());
      after.optimizer->load_state_dict(before.optimizer->state_dict());
      const StateDict kept = before.all().clone();
      for (int t = stop + 1; t <= 8; ++t) after.step(t);
      CHECK(same_state(straight.all(), after.all()));
      CHECK(same_state(before.all(), kept));  // nothing is shared
    }
  }
}

TEST_CASE("optimizer state: a state of another rule is refused") {
  const char* const all[] = {"SGD",  "Adam",  "AdamW",   "RMSprop",         "Adagrad",
                             "Lion", "NAdam", "NAdamW",  "RAdam",           "AdEMAMix",
                             "LAMB", "LARS",  "Prodigy", "ScheduleFreeSGD", "ScheduleFreeAdamW"};
  for (const char* rule : all) {
    for (const char* other : all) {
      Run run(rule, {});
      const std::string expected = errors::text("[", rule, "] the state dict is of ", other);
      const StateDict state = Run(other, {}).optimizer->state_dict();
      CHECK(error_of([&] { run.optimizer->load_state_dict(state); }) ==
            (rule == std::string(other) ? "" : expected));
    }
  }
}

TEST_CASE("optimizer state: a state dict names what it holds") {
  Pair pair(SGD::debiased(0.5, 0.75), {{"momentum", 0.0}});
  pair.step(1);
  const StateDict state = pair.optimizer.state_dict();
  CHECK(state.scalar<std::string>("optimizer") == "SGD");
  CHECK(state.scalar<std::int64_t>("groups") == 2);
  CHECK(state.scalar<double>("group.0.momentum") == 0.75);
  CHECK(state.scalar<bool>("group.1.debias"));
  CHECK(state.scalar<std::int64_t>("parameter.b") == 1);
  CHECK(state.scalar<std::int64_t>("state.w.steps") == 1);
  CHECK(state.scalar<double>("state.w.total_weight") == 0.25);
  CHECK(state.tensor("state.w.average").at({0}) == doctest::Approx(0.25 * std::sin(1)));
  CHECK(state.scalar<std::string>("state.b.average") == "none");
}

TEST_CASE(
    "optimizer state: a state dict that does not fit is refused whole, with all that is wrong") {
  Pair pair;
  pair.step(1);
  const StateDict good = pair.optimizer.state_dict().clone();
  pair.step(2);
  const StateDict before = pair.all().clone();
  const auto refusal = [&](const StateDict& state) {
    const std::string message = error_of([&] { pair.optimizer.load_state_dict(state); });
    CHECK(same_state(before, pair.all()));
    return message;
  };
  const std::string start = "[SGD] the state dict does not fit: ";

  StateDict state = good;
  state.set("optimizer", "Adam");
  CHECK(refusal(state) == "[SGD] the state dict is of Adam");

  SUBCASE("names, groups and shapes") {
    const Parameter w = parameter("w", {1, 2});
    const Parameter c = parameter("c", {1});
    SGD other({{{c, w}}, {{parameter("d", {1})}}}, SGD::plain(0.1));
    const Parameter b = parameter("b", {1});
    SGD swapped({{{b}}, {{parameter("w", {1, 2, 3})}}}, SGD::plain(0.1));
    CHECK(refusal(swapped.state_dict()) ==
          start + "'w' was in group 1, is in group 0; 'b' was in group 0, is in group 1");
    CHECK(refusal(other.state_dict()) ==
          start + "no parameter.b; unexpected parameter.c; unexpected parameter.d");
  }
  SUBCASE("shape and dtype of an average") {
    state = good;
    state.set("state.w.average", Tensor::zeros({2}, DType::float64));
    state.set("state.b.average", Tensor::zeros({1}));
    CHECK(refusal(state) == start +
                                "state.w.average is [2] of float64, expected [3] of float64; "
                                "state.b.average is [1] of float32, expected [1] of float64");
  }
  SUBCASE("number of groups") {
    const Parameter w = parameter("w", {1, 2, 3});
    const Parameter b = parameter("b", {1});
    const SGD one({w, b}, SGD::plain(0.1));
    CHECK(refusal(one.state_dict()) ==
          start + "1 groups, expected 2; 'b' was in group 0, is in group 1");
  }
  SUBCASE("values") {
    state = good;
    state.set("state.w.total_weight", std::nan(""));
    state.set("state.w.steps", -1);
    state.set("state.b.steps", 0.5);
    state.set("extra", true);
    state.set("state.w.velocity", Tensor::zeros({3}));
    CHECK(refusal(state) == start +
                                "state.w.steps is -1, expected [0, 2^62]; "
                                "state.w.total_weight is nan, expected [0, 1]; "
                                "state.b.steps is of another kind; unexpected extra; "
                                "unexpected state.w.velocity");
    state = good;
    state.set("state.w.steps", INT64_MAX);
    state.set("state.w.total_weight", -1.0);
    state.set("state.b.total_weight", 2.0);
    CHECK(refusal(state) == start +
                                "state.w.steps is 9223372036854775807, expected [0, 2^62]; "
                                "state.w.total_weight is -1, expected [0, 1]; "
                                "state.b.total_weight is 2, expected [0, 1]");
    state = good;
    state.set("state.w.total_weight", std::numeric_limits<double>::infinity());
    CHECK(refusal(state) == start + "state.w.total_weight is inf, expected [0, 1]");
    state = good;
    state.set("group.1.momentum", 1.0);
    CHECK(refusal(state) == "[SGD] momentum must be in [0, 1), got 1");
    state = good;
    state.set("group.1.nesterov", 1.0);
    CHECK(refusal(state) == "[SGD] nesterov must be true or false, got 1");
  }
  SUBCASE("an average that is gone") {
    state = StateDict();
    for (const auto& [name, value] : good.scalars())
      std::visit([&, name = name](const auto& held) { state.set(name, held); }, value);
    CHECK(refusal(state) == start + "no state.w.average; no state.b.average");
    state.set("state.w.average", "none");
    state.set("state.b.average", "none");
    CHECK(refusal(state) ==
          start +
              "state.w.total_weight is 0.09999999999999998 without state.w.average; "
              "state.b.total_weight is 0.09999999999999998 without state.b.average");
  }
  SUBCASE("an undefined average") {
    state = good;
    state.set("state.b.average", Tensor());
    CHECK(refusal(state) == start + "state.b.average is undefined");
  }
  SUBCASE("an average without weight") {
    state = good;
    state.set("state.w.total_weight", 0.0);
    CHECK(refusal(state) == start + "state.w.total_weight is 0 with state.w.average");
  }
}

}  // namespace plumb::test
