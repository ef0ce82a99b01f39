#include <cmath>

#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::RAdam;

// n = 7, and r is above 5 from t = 8 on.
RAdam::Options binary_radam_options() {
  RAdam::Options options;
  options.lr = 0.25;
  options.beta1 = 0.5;
  options.beta2 = 0.75;
  options.eps = 0;
  return options;
}

}  // namespace

TEST_CASE("RAdam: a debiased mean of gradients until the second moment is known") {
  CHECK(after<RAdam>(binary_radam_options(), {4}) == 0);
  CHECK(after<RAdam>(binary_radam_options(), {4, -2}) == 0);  // m = 1 - 1
  CHECK(after<RAdam>(binary_radam_options(), {4, 4, 4, 4, 4, 4, 4}) == -6);
}

TEST_CASE("RAdam: then Adam's step, times what rectifies its variance") {
  const double power = std::pow(0.75, 8);
  const double r = 7 - 16 * power / (1 - power);
  const double factor = std::sqrt((r - 4) * (r - 2) * 7 / (3 * 5 * r));
  CHECK(after<RAdam>(binary_radam_options(), {4, 4, 4, 4, 4, 4, 4, 4}) ==
        doctest::Approx(-6 - 0.25 * factor).epsilon(1e-14));
  auto options = binary_radam_options();
  options.eps = 4;  // added to the root as it stands, 4 sqrt(1 - power)
  const double root = std::sqrt(1 - power);
  CHECK(after<RAdam>(options, {4, 4, 4, 4, 4, 4, 4, 4}) ==
        doctest::Approx(-6 - 0.25 * factor * 4 * root / (4 * root + 4)).epsilon(1e-14));
}

TEST_CASE("RAdam: with a short memory the second moment is never used") {
  auto options = binary_radam_options();
  options.beta2 = 0.625;
  CHECK(after<RAdam>(options, std::vector<double>(100, 4.0)) == 1 - 100);
}

TEST_CASE("RAdam: weight decay and maximize") {
  auto options = binary_radam_options();
  options.weight_decay = 0.5;
  CHECK(after<RAdam>(options, {3.5}) == 0);
  options.maximize = true;
  CHECK(after<RAdam>(options, {4.5}) == 2);
}

TEST_CASE("RAdam: options out of range are refused by name") {
  RAdam optimizer({parameter("p", {1})});
  const auto refusal = [&](const char* name, double value) {
    return error_of([&] { optimizer.set(0, name, value); });
  };
  CHECK(refusal("lr", -1) == "[RAdam] lr must be in [0, inf), got -1");
  CHECK(refusal("beta1", 1) == "[RAdam] beta1 must be in [0, 1), got 1");
  CHECK(refusal("beta2", 1) == "[RAdam] beta2 must be in [0, 1), got 1");
  CHECK(refusal("eps", -1) == "[RAdam] eps must be in [0, inf), got -1");
  CHECK(refusal("weight_decay", -1) == "[RAdam] weight_decay must be in [0, inf), got -1");
  CHECK(to_string(optimizer.settings(0)) ==
        "lr=0.001, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0, maximize=false");
}

}  // namespace plumb::test
