#include <cmath>

#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::Lion;

Lion::Options binary_lion_options() {
  Lion::Options options;
  options.lr = 0.25;
  options.beta1 = 0.5;
  options.beta2 = 0.75;
  return options;
}

}  // namespace

TEST_CASE("Lion: steps by the sign of an average that looks ahead") {
  Lion::Options options = binary_lion_options();
  CHECK(after<Lion>(options, {4}) == 0.75);       // m = 1
  CHECK(after<Lion>(options, {4, -0.5}) == 0.5);  // 0.5 - 0.25 is still above 0
  CHECK(after<Lion>(options, {4, -1}) == 0.75);   // and 0.5 - 0.5 is neither
  // m = 0.75 - 0.5, and 0.125 - 0.25 is below 0
  CHECK(after<Lion>(options, {4, -2, -0.5}) == 1.25);
  options.weight_decay = 0.5;
  CHECK(after<Lion>(options, {4}) == 0.625);
}

TEST_CASE("Lion: debiased, the average weighs as much from the second step on") {
  Lion::Options options = binary_lion_options();
  CHECK(after<Lion>(options, {4, -3}) == 1);  // 0.5 - 1.5
  options.debias = true;
  CHECK(after<Lion>(options, {4}) == 0.75);         // there is no average yet: by the gradient
  CHECK(after<Lion>(options, {4, -3}) == 0.5);      // 2 - 1.5
  CHECK(after<Lion>(options, {4, -5}) == 1);        // 2 - 2.5
  CHECK(after<Lion>(options, {4, 4, -3}) == 0.25);  // 0.5 1.75 / 0.4375 - 1.5
}

TEST_CASE("Lion: a NaN stays") { CHECK(std::isnan(after<Lion>({}, {1, std::nan(""), 1}))); }

TEST_CASE("Lion: options out of range are refused by name") {
  Lion optimizer({parameter("p", {1})});
  const auto refusal = [&](const char* name, double value) {
    return error_of([&] { optimizer.set(0, name, value); });
  };
  CHECK(refusal("lr", -1) == "[Lion] lr must be in [0, inf), got -1");
  CHECK(refusal("beta1", 1) == "[Lion] beta1 must be in [0, 1), got 1");
  CHECK(refusal("beta2", 1) == "[Lion] beta2 must be in [0, 1), got 1");
  CHECK(refusal("weight_decay", -1) == "[Lion] weight_decay must be in [0, inf), got -1");
  CHECK(to_string(optimizer.settings(0)) ==
        "lr=1e-04, beta1=0.9, beta2=0.99, weight_decay=0, debias=false");
}

}  // namespace plumb::test
