#include <cmath>

#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::RMSprop;

RMSprop::Options binary_rmsprop_options() {
  RMSprop::Options options;
  options.lr = 0.25;
  options.alpha = 0.75;
  options.eps = 0;
  return options;
}

}  // namespace

TEST_CASE("RMSprop: divides by the root of the mean of squares, which begins at 0") {
  CHECK(after<RMSprop>(binary_rmsprop_options(), {8}) == 0.5);  // v = 0.25 * 64, 8 / 4
  // v = 0.75 * 16 + 0.25 * 16
  CHECK(after<RMSprop>(binary_rmsprop_options(), {8, 4}) == 0.25);
}

TEST_CASE("RMSprop: eps is added to the root") {
  auto options = binary_rmsprop_options();
  options.eps = 4;
  CHECK(after<RMSprop>(options, {8}) == 0.75);  // 8 / (4 + 4)
}

TEST_CASE("RMSprop: momentum averages the steps") {
  auto options = binary_rmsprop_options();
  options.momentum = 0.5;
  CHECK(after<RMSprop>(options, {8}) == 0.5);          // a = 2
  CHECK(after<RMSprop>(options, {8, 4}) == 0);         // a = 1 + 1
  CHECK(after<RMSprop>(options, {8, 4, 0}) == -0.25);  // a = 1 + 0
}

TEST_CASE("RMSprop: centered divides by the standard deviation") {
  auto options = binary_rmsprop_options();
  options.centered = true;
  // v = 0.25 * 64, m = 0.25 * 8
  CHECK(after<RMSprop>(options, {8}) ==
        doctest::Approx(1 - 0.25 * 8 / std::sqrt(12)).epsilon(1e-15));
}

TEST_CASE("RMSprop: a variance that rounding makes negative counts as 0") {
  const Parameter p = {"p", Variable::leaf(Tensor::from({1.0f, 1.0f}))};
  auto options = binary_rmsprop_options();
  options.centered = true;
  options.alpha = 0.5;
  options.eps = 1;
  RMSprop optimizer({p}, options);
  set_grad(p, {0.1, 3e-3});
  for (int t = 0; t < 200; ++t) optimizer.step();  // v - m^2 is 0 but for rounding
  for (const double x : values(p)) CHECK(std::isfinite(x));
  set_grad(p, {std::nan(""), 1});
  optimizer.step();
  CHECK(std::isnan(values(p)[0]));
}

TEST_CASE("RMSprop: weight decay and maximize") {
  auto options = binary_rmsprop_options();
  options.weight_decay = 0.5;
  CHECK(after<RMSprop>(options, {7.5}) == 0.5);  // g = 8, 8 / 4
  options.maximize = true;
  CHECK(after<RMSprop>(options, {8.5}) == 1.5);  // g = -8
}

TEST_CASE("RMSprop: options out of range are refused by name") {
  const Parameter p = parameter("p", {1});
  RMSprop optimizer({p});
  const auto refusal = [&](const char* name, double value) {
    return error_of([&] { optimizer.set(0, name, value); });
  };
  CHECK(refusal("lr", -1) == "[RMSprop] lr must be in [0, inf), got -1");
  CHECK(refusal("alpha", 1) == "[RMSprop] alpha must be in [0, 1), got 1");
  CHECK(refusal("eps", -1) == "[RMSprop] eps must be in [0, inf), got -1");
  CHECK(refusal("momentum", 1) == "[RMSprop] momentum must be in [0, 1), got 1");
  CHECK(refusal("weight_decay", -1) == "[RMSprop] weight_decay must be in [0, inf), got -1");
  CHECK(to_string(optimizer.settings(0)) ==
        "lr=0.01, alpha=0.99, eps=1e-08, momentum=0, centered=false, weight_decay=0, "
        "maximize=false");
}

}  // namespace plumb::test
