#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "../support/allocations.hpp"
#include "parameters.hpp"

namespace plumb::test {
namespace {

namespace curve = optim::curve;
using optim::Curve;
using optim::Schedule;
using optim::SGD;

const std::map<std::string, Curve>& reference_curves() {
  static const std::map<std::string, Curve> all = {
      {"constant", curve::constant()},
      {"step", curve::step(7, 0.5)},
      {"multi_step", curve::multi_step({3, 4, 20}, 0.1)},
      {"exponential", curve::exponential(0.9)},
      {"cosine", curve::cosine(40)},
      {"cosine_restarts", curve::cosine_restarts(7)},
      {"cosine_restarts_longer", curve::cosine_restarts(5, 2)},
      {"linear", curve::linear(30, 0.1)},
      {"polynomial", curve::polynomial(30, 2)},
      {"one_cycle", curve::one_cycle(40)},
      {"one_cycle_options", curve::one_cycle(40, 0.45, 0.2, 0.01)},
      {"warm_up_constant", curve::warm_up(10, curve::constant(), 0.25)},
      {"warm_up_exponential", curve::warm_up(8, curve::exponential(0.8), 0.1)},
      {"warm_up_step", curve::warm_up(5, curve::step(6, 0.3), 0.5)},
  };
  return all;
}

// Two groups with learning rates 0.5 and 0.03.
struct Two {
  SGD optimizer{{{{parameter("p", {1})}, {{"lr", 0.5}}}, {{parameter("q", {1})}, {{"lr", 0.03}}}},
                SGD::plain(1)};
};

// The step of a plateau for each value, and of a schedule for each t.
optim::PlateauOptions plateau_options(const std::string& name) {
  optim::PlateauOptions options;
  options.factor = 0.5;
  options.patience = 2;
  if (name == "plateau_absolute") {
    options.patience = 1;
    options.threshold = 0.05;
    options.relative = false;
    options.cooldown = 3;
    options.min_lr = 0.01;
  } else if (name == "plateau_maximize") {
    options.maximize = true;
    options.factor = 0.7;
    options.patience = 4;
    options.min_change = 0.01;
  }
  return options;
}

std::vector<double> rates_of(const std::string& name, int group, std::size_t steps) {
  Two two;
  std::vector<double> rates;
  if (name.rfind("plateau", 0) == 0) {
    optim::ReduceOnPlateau plateau(two.optimizer, plateau_options(name));
    for (int t = 0; t < static_cast<int>(steps); ++t) {
      rates.push_back(two.optimizer.lr(group));
      plateau.step((10 - t) * (10 - t) / 100.0 + (t % 3) / 50.0);
    }
    return rates;
  }
  Schedule schedule(two.optimizer, reference_curves().at(name));
  for (std::size_t t = 0; t < steps; ++t) {
    rates.push_back(two.optimizer.lr(group));
    schedule.step();
  }
  return rates;
}

}  // namespace

TEST_CASE("Schedule: learning rates are those of PyTorch's schedulers over 40 steps") {
  std::ifstream file(PLUMB_SOURCE_DIR "/tests/reference/schedule.txt");
  std::size_t checked = 0;
  for (std::string text; std::getline(file, text);) {
    if (text[0] == '#') continue;
    std::istringstream line(text);
    std::string name;
    int group = 0;
    line >> name >> group;
    std::vector<double> expected;
    for (double x; line >> x;) expected.push_back(x);
    REQUIRE(expected.size() == 40);
    const std::vector<double> actual = rates_of(name, group, expected.size());
    for (std::size_t t = 0; t < expected.size(); ++t) {
      INFO(name << " of group " << group << " at " << t);
      CHECK(std::abs(actual[t] - expected[t]) <= 1e-13 * expected[0]);
    }
    ++checked;
  }
  CHECK(checked == 2 * (reference_curves().size() + 3));
}

TEST_CASE("Schedule: a group that is added later takes part from the next step on") {
  Two two;
  Schedule schedule(two.optimizer, curve::exponential(0.5));
  schedule.step();
  two.optimizer.add_group({{parameter("r", {1})}, {{"lr", 0.8}}});
  CHECK(two.optimizer.lr(2) == 0.8);
  schedule.step();
  CHECK(two.optimizer.lr(0) == 0.125);
  CHECK(two.optimizer.lr(2) == 0.2);
  schedule.step();
  CHECK(two.optimizer.lr(2) == 0.1);
}

TEST_CASE("Schedule: goes on where it was saved, with a group that was added on the way") {
  for (int stop = 0; stop <= 4; ++stop) {
    Two straight;
    Two before;
    Two after;
    const Curve curve = curve::warm_up(2, curve::cosine(9), 0.1);
    Schedule a(straight.optimizer, curve);
    Schedule b(before.optimizer, curve);
    const auto step = [](Two& two, Schedule& schedule, int t) {
      if (t == 2) two.optimizer.add_group({{parameter("r", {1})}, {{"lr", 0.8}}});
      schedule.step();
    };
    for (int t = 0; t < stop; ++t) step(straight, a, t);
    for (int t = 0; t < stop; ++t) step(before, b, t);
    if (stop > 2) after.optimizer.add_group({{parameter("r", {1})}, {}});
    Schedule c(after.optimizer, curve);
    after.optimizer.load_state_dict(before.optimizer.state_dict());
    c.load_state_dict(b.state_dict());
    for (int t = stop; t < 8; ++t) step(straight, a, t);
    for (int t = stop; t < 8; ++t) step(after, c, t);
    CHECK(same_state(straight.optimizer.state_dict(), after.optimizer.state_dict()));
    CHECK(same_state(a.state_dict(), c.state_dict()));
    CHECK(c.t() == 8);
  }
}

TEST_CASE("Schedule: loading sets the learning rates") {
  Two saved, two;
  Schedule before(saved.optimizer, curve::exponential(0.5));
  for (int i = 0; i < 3; ++i) before.step();
  Schedule schedule(two.optimizer, curve::exponential(0.5));
  schedule.load_state_dict(before.state_dict());
  CHECK(two.optimizer.lr(0) == 0.0625);
}

TEST_CASE(
    "Schedule: a learning rate that was set beside it is there after loading, whoever loads "
    "first") {
  Two saved;
  Schedule before(saved.optimizer, curve::step(10));
  before.step();
  saved.optimizer.set_lr(0, 0.03);
  const StateDict optimizer_state = saved.optimizer.state_dict();
  const StateDict schedule_state = before.state_dict();
  for (const bool schedule_first : {true, false}) {
    Two two;
    Schedule schedule(two.optimizer, curve::step(10));
    if (schedule_first) schedule.load_state_dict(schedule_state);
    two.optimizer.load_state_dict(optimizer_state);
    if (!schedule_first) schedule.load_state_dict(schedule_state);
    CHECK(two.optimizer.lr(0) == 0.03);
    CHECK(two.optimizer.lr(1) == saved.optimizer.lr(1));
    CHECK(schedule.t() == 1);
  }
  // A state of a version that did not save them has those of the curve.
  StateDict old;
  old.set("curve", "step(size=10, gamma=0.1)");
  old.set("t", 10);
  old.set("groups", 1);
  old.set("base.0", 0.5);
  Two two;
  Schedule schedule(two.optimizer, curve::step(10));
  schedule.load_state_dict(old);
  CHECK(two.optimizer.lr(0) == doctest::Approx(0.05));
}

TEST_CASE("Schedule: a state that does not fit is refused and changes nothing") {
  Two two;
  Schedule schedule(two.optimizer, curve::exponential(0.5));
  schedule.step();
  const auto refusal = [&](auto change) {
    StateDict state = schedule.state_dict();
    change(state);
    const std::string message = error_of([&] { schedule.load_state_dict(state); });
    CHECK(schedule.t() == 1);
    CHECK(two.optimizer.lr(0) == 0.25);
    return message;
  };
  CHECK(refusal([](StateDict& s) { s.set("curve", "constant()"); }) ==
        "[Schedule] the state is of constant(), this is exponential(gamma=0.5)");
  CHECK(refusal([](StateDict& s) { s.set("t", -1); }) == "[Schedule] t is -1, expected [0, inf)");
  CHECK(refusal([](StateDict& s) { s.set("groups", 3); }) ==
        "[Schedule] the state is of 3 groups, the optimizer has 2");
  CHECK(
      refusal([](StateDict& s) { s.set("base.1", -1.0); }) ==
      "[Schedule] exponential(gamma=0.5) at t = 1 gives the learning rate -0.5, expected [0, inf)");
  CHECK(refusal([](StateDict& s) { s.set("lr.1", -1.0); }) ==
        "[Schedule] lr.1 is -1, expected [0, inf)");
  CHECK(error_of([&] { schedule.load_state_dict(StateDict()); }) ==
        "[StateDict] no scalar named 'curve'");
}

TEST_CASE("Schedule: a curve of one's own, and one that gives no learning rate") {
  Two two;
  Schedule schedule(two.optimizer,
                    {"bad at 2", [](std::int64_t t) { return t == 2 ? -1.0 : 2.0; }});
  CHECK(two.optimizer.lr(0) == 1);
  schedule.step();
  CHECK(error_of([&] { schedule.step(); }) ==
        "[Schedule] bad at 2 at t = 2 gives the learning rate -0.5, expected [0, inf)");
  CHECK(schedule.t() == 1);
  CHECK(two.optimizer.lr(0) == 1);
}

TEST_CASE("ReduceOnPlateau: NaN is no better, and negative values count by their magnitude") {
  Two two;
  optim::PlateauOptions options;
  options.patience = 1;
  options.threshold = 0.5;
  optim::ReduceOnPlateau plateau(two.optimizer, options);
  CHECK_FALSE(plateau.step(std::nan("")));
  CHECK(plateau.step(std::nan("")));
  CHECK(two.optimizer.lr(0) == doctest::Approx(0.05).epsilon(1e-15));
  CHECK_FALSE(plateau.step(-2));
  CHECK(plateau.best() == -2);
  CHECK_FALSE(plateau.step(-2.5));  // not by half of 2
  CHECK(plateau.best() == -2);
  CHECK_FALSE(plateau.step(-3.5));
  CHECK(plateau.best() == -3.5);
}

TEST_CASE("ReduceOnPlateau: goes on where it was saved") {
  const auto value = [](int t) { return std::sin(t) + 1; };
  for (const std::string name : {"plateau", "plateau_absolute", "plateau_maximize"}) {
    for (int stop = 0; stop < 12; ++stop) {
      Two straight;
      Two after;
      optim::ReduceOnPlateau a(straight.optimizer, plateau_options(name));
      optim::ReduceOnPlateau b(after.optimizer, plateau_options(name));
      for (int t = 0; t < stop; ++t) a.step(value(t));
      b.load_state_dict(a.state_dict());
      after.optimizer.load_state_dict(straight.optimizer.state_dict());
      for (int t = stop; t < 24; ++t) CHECK(a.step(value(t)) == b.step(value(t)));
      CHECK(same_state(a.state_dict(), b.state_dict()));
      CHECK(straight.optimizer.lr(0) == after.optimizer.lr(0));
      CHECK(straight.optimizer.lr(0) < 0.5);
    }
  }
}

TEST_CASE("ReduceOnPlateau: options and states that cannot be are refused") {
  Two two;
  optim::PlateauOptions options;
  options.factor = 1;
  CHECK(error_of([&] { optim::ReduceOnPlateau(two.optimizer, options); }) ==
        "[ReduceOnPlateau] factor must be in [0, 1), got 1");
  options.factor = 0.5;
  options.patience = -1;
  CHECK(error_of([&] { optim::ReduceOnPlateau(two.optimizer, options); }) ==
        "[ReduceOnPlateau] patience must be in [0, inf), got -1");
  options.patience = 3;
  optim::ReduceOnPlateau plateau(two.optimizer, options);
  plateau.step(1);
  StateDict state = plateau.state_dict();
  state.set("bad", 4);
  CHECK(error_of([&] { plateau.load_state_dict(state); }) ==
        "[ReduceOnPlateau] best 1, bad 4 and cooling 0 are not those of a plateau");
  optim::ReduceOnPlateau other(two.optimizer);
  CHECK(error_of([&] { other.load_state_dict(plateau.state_dict()); }).find("the state is of") !=
        std::string::npos);
  CHECK(plateau.best() == 1);
}

TEST_CASE("Schedule: a step allocates nothing, nor does reading or setting a learning rate") {
  Two two;
  Schedule schedule(two.optimizer, curve::warm_up(5, curve::cosine(40)));
  optim::ReduceOnPlateau plateau(two.optimizer, plateau_options(""));
  const std::int64_t before = allocations();
  for (int t = 0; t < 50; ++t) schedule.step();
  two.optimizer.set_lr(two.optimizer.lr(1));
  two.optimizer.set_lr(1, 0.25);
  for (int t = 0; t < 20; ++t) plateau.step(1);
  CHECK(allocations() == before);
  CHECK(two.optimizer.lr(1) < 0.25);
}

}  // namespace plumb::test
