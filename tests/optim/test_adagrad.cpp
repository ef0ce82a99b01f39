#include <cmath>

#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::Adagrad;

Adagrad::Options binary_adagrad_options() {
  Adagrad::Options options;
  options.lr = 0.25;
  options.eps = 0;
  return options;
}

}  // namespace

TEST_CASE("Adagrad: divides by the root of the sum of squares") {
  CHECK(after<Adagrad>(binary_adagrad_options(), {3}) == 0.75);
  CHECK(after<Adagrad>(binary_adagrad_options(), {3, 4}) ==
        doctest::Approx(0.75 - 0.25 * 4 / 5.0).epsilon(1e-15));
  CHECK(after<Adagrad>(binary_adagrad_options(), {3, 4, 12}) ==
        doctest::Approx(0.75 - 0.25 * 0.8 - 0.25 * 12 / 13).epsilon(1e-15));
}

TEST_CASE("Adagrad: lr_decay counts steps, not tensors") {
  auto options = binary_adagrad_options();
  options.lr_decay = 1;
  const Parameter p = parameter("p", {1});
  const Parameter q = parameter("q", {1});
  Adagrad optimizer({p, q}, options);
  set_grad(p, {4});
  set_grad(q, {4});
  optimizer.step();
  CHECK(values(p)[0] == 0.75);
  CHECK(values(q)[0] == 0.75);
  set_grad(q, {0});
  optimizer.step();  // s = 32, lr = 0.25 / 2
  CHECK(values(p)[0] == doctest::Approx(0.75 - 0.125 * 4 / std::sqrt(32)).epsilon(1e-15));
  CHECK(values(q)[0] == 0.75);
}

TEST_CASE("Adagrad: the sum begins at initial_sum, and eps is added to its root") {
  auto options = binary_adagrad_options();
  options.initial_sum = 7;
  CHECK(after<Adagrad>(options, {3}) == 1 - 0.25 * 3 / 4);
  options.eps = 2;
  CHECK(after<Adagrad>(options, {3}) == 1 - 0.25 * 3 / 6);
}

TEST_CASE("Adagrad: weight decay and maximize") {
  auto options = binary_adagrad_options();
  options.initial_sum = 7;
  options.weight_decay = 0.5;
  CHECK(after<Adagrad>(options, {2.5}) == 1 - 0.25 * 3 / 4);
  options.maximize = true;
  CHECK(after<Adagrad>(options, {3.5}) == 1 + 0.25 * 3 / 4);
}

TEST_CASE("Adagrad: options out of range are refused by name") {
  const Parameter p = parameter("p", {1});
  Adagrad optimizer({p});
  const auto refusal = [&](const char* name, double value) {
    return error_of([&] { optimizer.set(0, name, value); });
  };
  CHECK(refusal("lr", -1) == "[Adagrad] lr must be in [0, inf), got -1");
  CHECK(refusal("lr_decay", -1) == "[Adagrad] lr_decay must be in [0, inf), got -1");
  CHECK(refusal("eps", -1) == "[Adagrad] eps must be in [0, inf), got -1");
  CHECK(refusal("initial_sum", -1) == "[Adagrad] initial_sum must be in [0, inf), got -1");
  CHECK(refusal("weight_decay", -1) == "[Adagrad] weight_decay must be in [0, inf), got -1");
  CHECK(to_string(optimizer.settings(0)) ==
        "lr=0.01, lr_decay=0, eps=1e-10, initial_sum=0, weight_decay=0, maximize=false");
}

}  // namespace plumb::test
