#include <cmath>

#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::NAdam;
using optim::NAdamW;

// u(t) = 0.25 in every step.
template <class Options>
Options binary_nadam_options() {
  Options options;
  options.lr = 0.25;
  options.beta1 = 0.5;
  options.beta2 = 0.75;
  options.eps = 0;
  options.momentum_decay = 0;
  options.weight_decay = 0;
  return options;
}

}  // namespace

TEST_CASE("NAdam: the average is looked at one step ahead, beside the gradient") {
  auto options = binary_nadam_options<NAdam::Options>();
  // m = 2, U = 1/4; m = 3, U = 1/16: the root is 4 in both
  const double first = 0.25 * 2 / (1 - 1.0 / 16) + 0.75 * 4 / (1 - 0.25);
  const double second = 0.25 * 3 / (1 - 1.0 / 64) + 0.75 * 4 / (1 - 1.0 / 16);
  CHECK(after<NAdam>(options, {4}) == doctest::Approx(1 - first / 16).epsilon(1e-15));
  CHECK(after<NAdam>(options, {4, 4}) == doctest::Approx(1 - (first + second) / 16).epsilon(1e-15));
  options.maximize = true;
  CHECK(after<NAdam>(options, {4}) == doctest::Approx(1 + first / 16).epsilon(1e-15));
}

TEST_CASE("NAdam: the momentum rises to beta1") {
  auto options = binary_nadam_options<NAdam::Options>();
  options.momentum_decay = 100;  // 0.96^100 = 0.0169
  const double now = 0.5 * (1 - std::pow(0.96, 100) / 2);
  const double next = 0.5 * (1 - std::pow(0.96, 200) / 2);
  const double first = next * 2 / (1 - now * next) + (1 - now) * 4 / (1 - now);
  CHECK(after<NAdam>(options, {4}) == doctest::Approx(1 - first / 16).epsilon(1e-14));
}

TEST_CASE("NAdam: weight decay is part of the gradient, NAdamW's shrinks the weight") {
  auto coupled = binary_nadam_options<NAdam::Options>();
  const double plain = after<NAdam>(coupled, {4});
  coupled.weight_decay = 0.5;
  CHECK(after<NAdam>(coupled, {3.5}) == plain);  // g = 4
  auto decoupled = binary_nadam_options<NAdamW::Options>();
  CHECK(after<NAdamW>(decoupled, {4}) == plain);
  decoupled.weight_decay = 0.5;
  CHECK(after<NAdamW>(decoupled, {4}) == doctest::Approx(plain - 0.125).epsilon(1e-15));
}

TEST_CASE("NAdam, NAdamW: options out of range are refused by name") {
  NAdam nadam({parameter("p", {1})});
  NAdamW nadamw({parameter("p", {1})});
  struct Case {
    const char* name;
    double value;
    const char* text;
  };
  const Case cases[] = {
      {"lr", -0.1, "lr must be in [0, inf), got -0.1"},
      {"beta1", 1, "beta1 must be in [0, 1), got 1"},
      {"beta2", -0.5, "beta2 must be in [0, 1), got -0.5"},
      {"eps", -1e-8, "eps must be in [0, inf), got -1e-08"},
      {"weight_decay", -1, "weight_decay must be in [0, inf), got -1"},
      {"momentum_decay", -1, "momentum_decay must be in [0, inf), got -1"},
  };
  for (const Case& it : cases) {
    CHECK(error_of([&] { nadam.set(0, it.name, it.value); }) == std::string("[NAdam] ") + it.text);
    CHECK(error_of([&] { nadamw.set(0, it.name, it.value); }) ==
          std::string("[NAdamW] ") + it.text);
  }
  CHECK(to_string(nadam.settings(0)) ==
        "lr=0.002, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0, momentum_decay=0.004, "
        "maximize=false");
  CHECK(to_string(nadamw.settings(0)) ==
        "lr=0.002, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0.01, momentum_decay=0.004, "
        "maximize=false");
}

}  // namespace plumb::test
