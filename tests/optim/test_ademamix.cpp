#include <cmath>

#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::AdEMAMix;

AdEMAMix::Options binary_ademamix_options() {
  AdEMAMix::Options options;
  options.lr = 0.25;
  options.beta1 = 0.5;
  options.beta2 = 0.75;
  options.beta3 = 0.75;
  options.alpha = 2;
  options.eps = 0;
  return options;
}

}  // namespace

TEST_CASE("AdEMAMix: alpha times a slow average joins the debiased fast one") {
  CHECK(after<AdEMAMix>(binary_ademamix_options(), {4}) == 0.625);       // (4 + 2 1) / 4
  CHECK(after<AdEMAMix>(binary_ademamix_options(), {4, 4}) == 0.15625);  // (4 + 2 1.75) / 4
  auto options = binary_ademamix_options();
  options.eps = 4;
  CHECK(after<AdEMAMix>(options, {4}) == 0.8125);
}

TEST_CASE("AdEMAMix: alpha rises in a line, and beta3 by its half-life") {
  auto options = binary_ademamix_options();
  options.alpha_warmup = 2;
  CHECK(after<AdEMAMix>(options, {4}) == 0.6875);               // (4 + 1) / 4
  CHECK(after<AdEMAMix>(options, {4, 4}) == 0.6875 - 0.46875);  // as without
  options.alpha_warmup = 0;
  options.beta3_warmup = 2;
  options.beta1 = 0;  // a half-life of 0; half of beta3's has its square
  options.beta3 = 0.5;
  CHECK(after<AdEMAMix>(options, {4}) == doctest::Approx(0.375).epsilon(1e-15));  // n = 3
  options.beta1 = 0.25;  // half-lives of 1/2 and 1
  options.beta3 = 0.5;
  const double slow = 4 * (1 - std::pow(0.5, 1 / 0.75));
  CHECK(after<AdEMAMix>(options, {4}) ==
        doctest::Approx(1 - 0.25 * (4 + 2 * slow) / 4).epsilon(1e-15));
}

TEST_CASE("AdEMAMix: decay shrinks the weight, and alpha 0 is AdamW") {
  auto options = binary_ademamix_options();
  options.weight_decay = 0.5;
  CHECK(after<AdEMAMix>(options, {4}) == 0.5);
  options.alpha = 0;
  optim::AdamW::Options adamw;
  adamw.lr = 0.25;
  adamw.beta1 = 0.5;
  adamw.beta2 = 0.75;
  adamw.eps = 0;
  adamw.weight_decay = 0.5;
  CHECK(after<AdEMAMix>(options, {4, -3, 1}) ==
        doctest::Approx(after<optim::AdamW>(adamw, {4, -3, 1})).epsilon(1e-15));
}

TEST_CASE("AdEMAMix: options out of range are refused by name") {
  AdEMAMix optimizer({parameter("p", {1})});
  const auto refusal = [&](const char* name, optim::OptionValue value) {
    return error_of([&] { optimizer.set(0, name, value); });
  };
  CHECK(refusal("lr", -1.0) == "[AdEMAMix] lr must be in [0, inf), got -1");
  CHECK(refusal("beta3", 1.0) == "[AdEMAMix] beta3 must be in [0, 1), got 1");
  CHECK(refusal("alpha", -1.0) == "[AdEMAMix] alpha must be in [0, inf), got -1");
  CHECK(refusal("alpha_warmup", std::int64_t{-1}) ==
        "[AdEMAMix] alpha_warmup must be in [0, inf), got -1");
  CHECK(refusal("beta3_warmup", std::int64_t{-1}) ==
        "[AdEMAMix] beta3_warmup must be in [0, inf), got -1");
  CHECK(to_string(optimizer.settings(0)) ==
        "lr=0.001, beta1=0.9, beta2=0.999, beta3=0.9999, alpha=5, eps=1e-08, weight_decay=0, "
        "alpha_warmup=0, beta3_warmup=0");
}

}  // namespace plumb::test
