// LAMB and LARS, whose steps are measured by norms.
#include <cmath>

#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::LAMB;
using optim::LARS;

LAMB::Options binary_lamb_options() {
  LAMB::Options options;
  options.lr = 0.25;
  options.beta1 = 0.5;
  options.beta2 = 0.75;
  options.eps = 0;
  options.weight_decay = 0;
  return options;
}

LARS::Options binary_lars_options() {
  LARS::Options options;
  options.lr = 0.5;
  options.momentum = 0;
  options.trust_coefficient = 0.25;
  return options;
}

template <class Rule>
std::vector<double> stepped(const typename Rule::Options& options, const std::vector<double>& start,
                            const std::vector<std::vector<double>>& gradients) {
  const Parameter p = parameter("p", start);
  Rule optimizer(Parameters{p}, options);
  for (const std::vector<double>& gradient : gradients) {
    set_grad(p, gradient);
    optimizer.step();
  }
  return values(p);
}

}  // namespace

TEST_CASE("LAMB: Adam's step, as long as lr times the tensor") {
  auto options = binary_lamb_options();
  // u = (1, 1, 1, -1) of length 2, p of length 5
  CHECK(stepped<LAMB>(options, {3, 4, 0, 0}, {{4, 2, 8, -1}}) ==
        std::vector<double>{2.375, 3.375, -0.625, 0.625});
  options.eps = 4;  // u = (1 / 2, 1 / 2, 1 / 2, -1 / 2) is as long in the end
  CHECK(stepped<LAMB>(options, {3, 4, 0, 0}, {{4, 4, 4, -4}}) ==
        std::vector<double>{2.375, 3.375, -0.625, 0.625});
  options.adapt = false;
  CHECK(stepped<LAMB>(options, {3, 4, 0, 0}, {{4, 4, 4, -4}}) ==
        std::vector<double>{2.875, 3.875, -0.125, 0.125});
}

TEST_CASE("LAMB: the moments are Adam's") {
  const std::vector<std::vector<double>> gradients = {{4, 4, 4, 4}, {-2, -2, -2, -2}, {8, 8, 8, 8}};
  auto options = binary_lamb_options();
  options.adapt = false;
  const double third = 0.25 * (4 / 0.875) / std::sqrt(19 / 0.578125);  // as in Adam's test
  for (const double x : stepped<LAMB>(options, {1, 1, 1, 1}, gradients))
    CHECK(x == doctest::Approx(0.75 - third).epsilon(1e-15));
}

TEST_CASE("LAMB: decay turns the step, and its length counts") {
  auto options = binary_lamb_options();
  options.weight_decay = 0.5;
  const std::vector<double> p = stepped<LAMB>(options, {3, 4}, {{2, 2}});
  const double ratio = 5 / std::sqrt(2.5 * 2.5 + 3 * 3);  // u = (1 + 1.5, 1 + 2)
  CHECK(p[0] == doctest::Approx(3 - 0.25 * ratio * 2.5).epsilon(1e-15));
  CHECK(p[1] == doctest::Approx(4 - 0.25 * ratio * 3).epsilon(1e-15));
}

TEST_CASE("LAMB, LARS: a norm of 0 leaves the step as it is") {
  CHECK(stepped<LAMB>(binary_lamb_options(), {0, 0}, {{4, -4}}) ==
        std::vector<double>{-0.25, 0.25});
  CHECK(stepped<LARS>(binary_lars_options(), {0, 0}, {{4, -4}}) == std::vector<double>{-2, 2});
  auto options = binary_lars_options();
  options.weight_decay = 0.5;
  CHECK(stepped<LARS>(options, {3, 4}, {{0, 0}}) == std::vector<double>{2.25, 3});
}

TEST_CASE("LARS: the gradient is measured by the tensor's length") {
  auto options = binary_lars_options();
  CHECK(stepped<LARS>(options, {3, 4}, {{0, 2}}) == std::vector<double>{3, 3.375});  // r = 0.625
  CHECK(stepped<LARS>(options, {3, 4}, {{0, 64}}) == std::vector<double>{3, 3.375});
  options.adapt = false;
  CHECK(stepped<LARS>(options, {3, 4}, {{0, 2}}) == std::vector<double>{3, 3});
  options.adapt = true;
  options.weight_decay = 0.5;
  const std::vector<double> p =
      stepped<LARS>(options, {3, 4}, {{0, 2.5}});  // r = 1.25 / (2.5 + 2.5)
  CHECK(p == std::vector<double>{3 - 0.5 * 0.25 * 1.5, 4 - 0.5 * 0.25 * 4.5});
}

TEST_CASE("LARS: heavy ball and a debiased average") {
  auto options = binary_lars_options();
  options.adapt = false;
  options.momentum = 0.5;
  CHECK(after<LARS>(options, {2}) == 0);
  CHECK(after<LARS>(options, {2, 4}) == -2.5);  // a = 5
  options.debias = true;
  CHECK(after<LARS>(options, {2}) == 0);
  CHECK(after<LARS>(options, {2, 5}) == -2);  // a = (0.5 + 2.5) / 0.75
}

TEST_CASE("LAMB, LARS: options out of range are refused by name") {
  LAMB lamb({parameter("p", {1})});
  LARS lars({parameter("p", {1})});
  const auto refusal = [](optim::Optimizer& optimizer, const char* name, double value) {
    return error_of([&] { optimizer.set(0, name, value); });
  };
  CHECK(refusal(lamb, "lr", -1) == "[LAMB] lr must be in [0, inf), got -1");
  CHECK(refusal(lamb, "beta1", 1) == "[LAMB] beta1 must be in [0, 1), got 1");
  CHECK(refusal(lamb, "beta2", 1) == "[LAMB] beta2 must be in [0, 1), got 1");
  CHECK(refusal(lamb, "eps", -1) == "[LAMB] eps must be in [0, inf), got -1");
  CHECK(refusal(lamb, "weight_decay", -1) == "[LAMB] weight_decay must be in [0, inf), got -1");
  CHECK(refusal(lars, "lr", -1) == "[LARS] lr must be in [0, inf), got -1");
  CHECK(refusal(lars, "momentum", 1) == "[LARS] momentum must be in [0, 1), got 1");
  CHECK(refusal(lars, "trust_coefficient", -1) ==
        "[LARS] trust_coefficient must be in [0, inf), got -1");
  CHECK(refusal(lars, "weight_decay", -1) == "[LARS] weight_decay must be in [0, inf), got -1");
  CHECK(to_string(lamb.settings(0)) ==
        "lr=0.001, beta1=0.9, beta2=0.999, eps=1e-06, weight_decay=0.01, adapt=true");
  CHECK(to_string(lars.settings(0)) ==
        "lr=1, momentum=0.9, trust_coefficient=0.001, weight_decay=0, debias=false, adapt=true");
}

}  // namespace plumb::test
