#include <cmath>

#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::MovingAverage;
using optim::WeightAverage;

// Training that moves every value deterministically.
void train(const Parameters& parameters, int t) {
  for (const Parameter& p : parameters) {
    Tensor value = p.variable.value();
    double* x = value.mutable_data<double>();
    for (std::int64_t i = 0; i < value.numel(); ++i) x[i] = std::sin(t + 0.1 * double(i));
  }
}

Parameters model() { return {parameter("w", {1, 2, 3}), parameter("fc.b", {0.5})}; }

}  // namespace

TEST_CASE("WeightAverage: is the moving average of every weight") {
  const Parameters p = model();
  auto debiased = WeightAverage::debiased(p, 0.9);
  auto simple = WeightAverage::simple(p);
  auto expected_debiased = MovingAverage::debiased(0.9);
  auto expected_mean = MovingAverage::simple();
  for (int t = 1; t <= 20; ++t) {
    train(p, t);
    debiased.update();
    simple.update();
    expected_debiased.add(std::sin(t + 0.2));
    expected_mean.add(std::sin(t + 0.2));
  }
  CHECK(debiased.count() == 20);
  debiased.swap_in();
  CHECK(values(p[0])[2] == doctest::Approx(expected_debiased.value()).epsilon(1e-14));
  debiased.swap_out();
  simple.swap_in();
  CHECK(values(p[0])[2] == doctest::Approx(expected_mean.value()).epsilon(1e-14));
}

TEST_CASE("WeightAverage: after one update it is the weights, whatever beta") {
  const Parameters p = model();
  auto average = WeightAverage::debiased(p, 0.9999);
  average.update();
  train(p, 1);
  average.swap_in();
  CHECK(values(p[0])[1] == doctest::Approx(2).epsilon(1e-15));
}

TEST_CASE("WeightAverage: swapping out brings the trained weights back, bit for bit") {
  const Parameters p = model();
  const Tensor memory = p[0].variable.value();
  auto average = WeightAverage::debiased(p, 0.5);
  train(p, 1);
  average.update();
  train(p, 2);
  const std::vector<double> trained = values(p[0]);
  average.swap_in();
  CHECK(average.swapped_in());
  CHECK(values(p[0]) != trained);
  CHECK(p[0].variable.value().same_as(memory));
  average.swap_out();
  CHECK_FALSE(average.swapped_in());
  CHECK(values(p[0]) == trained);
  CHECK(average.count() == 1);
}

TEST_CASE("WeightAverage: what would lose weights is refused") {
  const Parameters p = model();
  auto average = WeightAverage::debiased(p, 0.5);
  CHECK(error_of([&] { average.swap_in(); }) == "[WeightAverage] there is no update yet");
  CHECK(error_of([&] { average.copy_to(p); }) == "[WeightAverage] there is no update yet");
  CHECK(error_of([&] { average.swap_out(); }) == "[WeightAverage] no averages are swapped in");
  average.update();
  const StateDict state = average.state_dict().clone();
  average.swap_in();
  CHECK(error_of([&] { average.swap_in(); }) ==
        "[WeightAverage] swap out the averages before you swap them in again");
  CHECK(error_of([&] { average.update(); }) ==
        "[WeightAverage] swap out the averages before you update them");
  CHECK(error_of([&] { average.state_dict(); }) ==
        "[WeightAverage] swap out the averages before you save");
  CHECK(error_of([&] { average.load_state_dict(state); }) ==
        "[WeightAverage] swap out the averages before you load others");
}

TEST_CASE("WeightAverage: copies into another model by name, or not at all") {
  const Parameters p = model();
  auto average = WeightAverage::simple(p);
  average.update();
  const Parameters other = {parameter("fc.b", {7}), parameter("w", {7, 7, 7})};
  average.copy_to(other);
  CHECK(values(other[0]) == std::vector<double>{0.5});
  CHECK(values(other[1]) == std::vector<double>{1, 2, 3});
  const Parameters unlike = {parameter("w", {7, 7, 7}), parameter("fc.c", {7})};
  CHECK(error_of([&] { average.copy_to(unlike); }) ==
        "[WeightAverage] the parameters do not fit: no average of 'fc.c'; no parameter 'fc.b'");
  const Parameters longer = {parameter("w", {7, 7}), parameter("fc.b", {7})};
  CHECK(error_of([&] { average.copy_to(longer); }) ==
        "[WeightAverage] the parameters do not fit: 'w' is [2] of float64, its average is [3] of "
        "float64");
  CHECK(values(unlike[0]) == std::vector<double>{7, 7, 7});
  CHECK(values(longer[1]) == std::vector<double>{7});
}

TEST_CASE("WeightAverage: goes on bit for bit after a round trip at any update") {
  for (int stop = 0; stop <= 5; ++stop) {
    const Parameters p = model();
    const Parameters q = model();
    auto straight = WeightAverage::debiased(p, 0.9);
    auto resumed = WeightAverage::debiased(q, 0.1);
    const auto update = [](const Parameters& parameters, WeightAverage& average, int t) {
      train(parameters, t);
      average.set_beta(1 - 1.0 / (t + 1));
      average.update();
    };
    for (int t = 1; t <= stop; ++t) update(p, straight, t);
    resumed.load_state_dict(straight.state_dict());
    for (int t = stop + 1; t <= 6; ++t) {
      update(p, straight, t);
      update(q, resumed, t);
    }
    CHECK(same_state(straight.state_dict(), resumed.state_dict()));
  }
}

TEST_CASE("WeightAverage: a state dict that does not fit is refused whole") {
  const Parameters p = model();
  auto average = WeightAverage::debiased(p, 0.9);
  average.update();
  const StateDict before = average.state_dict().clone();
  const auto refusal = [&](const StateDict& state) {
    const std::string message = error_of([&] { average.load_state_dict(state); });
    CHECK(same_state(before, average.state_dict()));
    return message;
  };
  auto other = WeightAverage::debiased({parameter("w", {1, 2}), parameter("c", {1})}, 0.9);
  other.update();
  CHECK(refusal(other.state_dict()) ==
        "[WeightAverage] the state dict does not fit: 'w' is [3] of float64, its average is [2] of "
        "float64; no fc.b.averaging; no fc.b.beta; no fc.b.count; no fc.b.weight; unexpected "
        "c.averaging; unexpected c.beta; unexpected c.count; unexpected c.weight; unexpected "
        "c.average");
  auto simple = WeightAverage::simple(p);
  CHECK(refusal(simple.state_dict()) ==
        "[MovingAverage] the state is of a simple average, this one is debiased");
  StateDict state = before;
  state.set("fc.b.count", 2);
  CHECK(refusal(state) == "[WeightAverage] the state dict has 1 updates of 'w' and 2 of 'fc.b'");
}

TEST_CASE("WeightAverage: parameters that cannot be averaged are refused by name") {
  const Parameter p = parameter("p", {1});
  CHECK(error_of([] { WeightAverage::debiased({}, 0.5); }) ==
        "[WeightAverage] the list of parameters is empty");
  CHECK(error_of([&] {
          WeightAverage::simple({p, p});
        }) == "[WeightAverage] two parameters are named 'p'");
  CHECK(error_of([] {
          WeightAverage::simple({{"i", Variable(Tensor::arange(3))}});
        }) == "[WeightAverage] parameter 'i' must be float32 or float64, got int64");
  CHECK(error_of([&] { WeightAverage::debiased({p}, 1); }) ==
        "[MovingAverage] beta must be in [0, 1), got 1");
  CHECK(error_of([&] { WeightAverage::simple({p}).set_beta(0.5); }) ==
        "[MovingAverage] a simple average has no beta");
  auto average = WeightAverage::simple({p});
  average.update();
  Variable(p.variable).set_value(Tensor::from({1.0, 2.0}));
  CHECK(error_of([&] { average.update(); }) ==
        "[WeightAverage] parameter 'p' is [2] of float64, its average is [1] of float64");
}

}  // namespace plumb::test
