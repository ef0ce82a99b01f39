#include <cmath>

#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::Adam;
using optim::AdamW;

// With these the literals below are exact.
template <class Options>
Options binary_adam_options() {
  Options options;
  options.lr = 0.25;
  options.beta1 = 0.5;
  options.beta2 = 0.75;
  options.eps = 0;
  options.weight_decay = 0;
  return options;
}

}  // namespace

TEST_CASE("Adam: the first step is lr in the direction of the gradient") {
  for (const double gradient : {4.0, 0.0625, 1024.0}) {
    CHECK(after<Adam>(binary_adam_options<Adam::Options>(), {gradient}) == 0.75);
    CHECK(after<Adam>(binary_adam_options<Adam::Options>(), {-gradient}) == 1.25);
  }
}

TEST_CASE("Adam: moments are debiased means of gradients and of squares") {
  const auto options = binary_adam_options<Adam::Options>();
  CHECK(after<Adam>(options, {4, 4}) == 0.5);    // m = 3 / 0.75, v = 7 / 0.4375
  CHECK(after<Adam>(options, {4, -2}) == 0.75);  // m = 1 - 1
  // m = (0 + 4) / 0.875, v = (0.75 (3 + 1) + 16) / (1 - 0.75^3)
  CHECK(after<Adam>(options, {4, -2, 8}) ==
        doctest::Approx(0.75 - 0.25 * (4 / 0.875) / std::sqrt(19 / 0.578125)).epsilon(1e-15));
}

TEST_CASE("Adam: eps is added to the corrected root") {
  auto options = binary_adam_options<Adam::Options>();
  options.eps = 4;
  CHECK(after<Adam>(options, {4}) == 0.875);  // 4 / (4 + 4)
}

TEST_CASE("Adam: the correction counts steps, not tensors") {
  const Parameter p = parameter("p", {1});
  const Parameter q = parameter("q", {1});
  const Parameter r = parameter("r", {1});
  Adam optimizer({{{p, q}}, {{r}}}, binary_adam_options<Adam::Options>());
  for (const Parameter& each : {p, q, r}) set_grad(each, {4});
  optimizer.step();
  for (const Parameter& each : {p, q, r}) CHECK(values(each)[0] == 0.75);
  optimizer.step();
  for (const Parameter& each : {p, q, r}) CHECK(values(each)[0] == 0.5);
}

TEST_CASE("Adam: a parameter that joins later is corrected from its own first step") {
  const Parameter p = parameter("p", {1});
  const Parameter q = parameter("q", {1});
  Adam optimizer({p, q}, binary_adam_options<Adam::Options>());
  set_grad(p, {4});
  for (int t = 0; t < 3; ++t) optimizer.step();
  set_grad(q, {4});
  optimizer.step();
  CHECK(values(q)[0] == 0.75);
}

TEST_CASE("Adam: moments stay means when the betas change on the way") {
  const Parameter p = parameter("p", {1});
  Adam optimizer({p}, Adam::Options());
  optimizer.set(0, {{"lr", 0.25}, {"eps", 0.0}});
  set_grad(p, {3});
  double expected = 1;
  for (int t = 0; t < 20; ++t) {
    optimizer.set(0, {{"beta1", t % 2 == 0 ? 0.9 : 0.3}, {"beta2", t < 10 ? 0.9999 : 0.5}});
    optimizer.step();
    expected -= 0.25;  // a constant gradient over the root of its square
    CHECK(values(p)[0] == doctest::Approx(expected).epsilon(1e-13));
  }
}

TEST_CASE("Adam: amsgrad divides by the largest second moment so far") {
  auto options = binary_adam_options<Adam::Options>();
  options.beta2 = 0;  // v is the last square
  CHECK(after<Adam>(options, {8, 1}) == doctest::Approx(0.75 - 0.25 * 2.5 / 0.75).epsilon(1e-15));
  options.amsgrad = true;
  CHECK(after<Adam>(options, {8, 1}) ==
        doctest::Approx(0.75 - 0.25 * 2.5 / 0.75 / 8).epsilon(1e-15));
}

TEST_CASE("Adam: a NaN gradient makes the parameter NaN, also under amsgrad") {
  auto options = binary_adam_options<Adam::Options>();
  for (const bool amsgrad : {false, true}) {
    options.amsgrad = amsgrad;
    CHECK(std::isnan(after<Adam>(options, {1, std::nan(""), 1})));
  }
}

TEST_CASE("Adam: a NaN stays in amsgrad's maximum, in its own element alone") {
  auto options = binary_adam_options<Adam::Options>();
  options.amsgrad = true;
  const Parameter p = parameter("p", {1, 1, 1});
  Adam optimizer({p}, options);
  for (const double gradient : {2.0, std::nan(""), 4.0, 1.0}) {
    set_grad(p, {2, gradient, -2});
    optimizer.step();
  }
  const std::vector<double> highest =
      optimizer.state_dict().tensor("state.p.highest_second_moment").to_vector<double>();
  CHECK(highest[0] == 2.734375);  // 4 (1 - 0.75^4)
  CHECK(std::isnan(highest[1]));
  CHECK(highest[2] == 2.734375);
}

TEST_CASE("Adam: weight decay is part of the gradient, AdamW's shrinks the weight") {
  auto coupled = binary_adam_options<Adam::Options>();
  coupled.weight_decay = 0.5;
  CHECK(after<Adam>(coupled, {3.5}) == 0.75);    // g = 4
  CHECK(after<Adam>(coupled, {-0.25}) == 0.75);  // g = 0.25
  auto decoupled = binary_adam_options<AdamW::Options>();
  decoupled.weight_decay = 0.5;
  CHECK(after<AdamW>(decoupled, {4}) == 0.625);  // 1 - 0.25 * 0.5 * 1 - 0.25
  CHECK(after<AdamW>(decoupled, {-4}) == 1.125);
  decoupled.maximize = true;
  CHECK(after<AdamW>(decoupled, {4}) == 1.125);  // decay shrinks all the same
}

TEST_CASE("Adam, AdamW: options out of range are refused by name") {
  const Parameter p = parameter("p", {1});
  struct Case {
    const char* name;
    double value;
    const char* text;
  };
  const Case cases[] = {
      {"lr", -0.1, "lr must be in [0, inf), got -0.1"},
      {"beta1", 1, "beta1 must be in [0, 1), got 1"},
      {"beta2", -0.5, "beta2 must be in [0, 1), got -0.5"},
      {"beta2", std::nan(""), "beta2 must be in [0, 1), got nan"},
      {"eps", -1e-8, "eps must be in [0, inf), got -1e-08"},
      {"weight_decay", -1, "weight_decay must be in [0, inf), got -1"},
  };
  Adam adam({p});
  AdamW adamw({p});
  for (const Case& it : cases) {
    CHECK(error_of([&] { adam.set(0, it.name, it.value); }) == std::string("[Adam] ") + it.text);
    CHECK(error_of([&] { adamw.set(0, it.name, it.value); }) == std::string("[AdamW] ") + it.text);
    CHECK(error_of([&] {
            Adam({p}, optim::with(Adam::Options(), {{it.name, it.value}}));
          }) == std::string("[Adam] ") + it.text);
  }
  CHECK(to_string(adam.settings(0)) ==
        "lr=0.001, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0, amsgrad=false, "
        "maximize=false");
  CHECK(to_string(adamw.settings(0)) ==
        "lr=0.001, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0.01, amsgrad=false, "
        "maximize=false");
}

}  // namespace plumb::test
