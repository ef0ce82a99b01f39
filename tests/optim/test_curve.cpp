#include <cmath>

#include "parameters.hpp"

namespace plumb::test {
namespace {

namespace curve = optim::curve;

}  // namespace

TEST_CASE("curve: ends and corners") {
  CHECK(curve::constant().factor(1000000) == 1);
  CHECK(curve::step(3, 0.5).factor(2) == 1);
  CHECK(curve::step(3, 0.5).factor(3) == 0.5);
  CHECK(curve::multi_step({2, 3}, 0.5).factor(1) == 1);
  CHECK(curve::multi_step({2, 3}, 0.5).factor(2) == 0.5);
  CHECK(curve::multi_step({2, 3}, 0.5).factor(100) == 0.25);
  CHECK(curve::exponential(0).factor(0) == 1);
  CHECK(curve::exponential(0).factor(1) == 0);
  CHECK(curve::cosine(10, 0.25).factor(0) == 1);
  CHECK(curve::cosine(10, 0.25).factor(5) == doctest::Approx(0.625).epsilon(1e-15));
  CHECK(curve::cosine(10, 0.25).factor(10) == 0.25);
  CHECK(curve::cosine(10, 0.25).factor(15) == 0.25);  // PyTorch goes up again
  CHECK(curve::cosine(1).factor(1) == 0);
  CHECK(curve::one_cycle(11, 0.6, 0.1, 0.01).factor(0) == doctest::Approx(0.1).epsilon(1e-15));
  CHECK(curve::one_cycle(10, 0.6, 0.1, 0.01).factor(5) == 1);
  CHECK(curve::one_cycle(10, 0.6, 0.1, 0.01).factor(9) == 0.01);
  CHECK(curve::one_cycle(10, 0.6, 0.1, 0.01).factor(99) == 0.01);
}

TEST_CASE("curve: restarts, straight lines, powers and roots") {
  CHECK(curve::cosine_restarts(4, 1, 0.5).factor(0) == 1);
  CHECK(curve::cosine_restarts(4, 1, 0.5).factor(2) == doctest::Approx(0.75).epsilon(1e-15));
  CHECK(curve::cosine_restarts(4, 1, 0.5).factor(4) == 1);
  const optim::Curve longer = curve::cosine_restarts(2, 3);  // 2, 6 and 18 steps
  CHECK(longer.factor(2) == 1);
  CHECK(longer.factor(5) == doctest::Approx(0.5).epsilon(1e-15));
  CHECK(longer.factor(8) == 1);
  CHECK(longer.factor(17) == doctest::Approx(0.5).epsilon(1e-15));
  CHECK(longer.factor(26) == 1);
  CHECK(curve::linear(4).factor(1) == 0.75);
  CHECK(curve::linear(4, 0.5).factor(4) == 0.5);
  CHECK(curve::linear(4).factor(9) == 0);
  CHECK(curve::polynomial(4, 2).factor(2) == 0.25);
  CHECK(curve::polynomial(4, 2, 0.5).factor(2) == 0.625);
  CHECK(curve::polynomial(4, 0, 0.5).factor(3) == 1);
  CHECK(curve::polynomial(4, 0, 0.5).factor(4) == 0.5);
  CHECK(curve::inverse_square_root(4).factor(0) == 1);
  CHECK(curve::inverse_square_root(4).factor(12) == 0.5);
  const optim::Curve vaswani = curve::warm_up(16, curve::inverse_square_root(16));
  for (const std::int64_t t : {1, 15, 16, 64})  // 4 min(t^-0.5, t 16^-1.5)
    CHECK(vaswani.factor(t) ==
          doctest::Approx(4 * std::min(std::pow(t, -0.5), static_cast<double>(t) / 64)));
  CHECK(curve::stable_decay(10, 4).factor(6) == 1);
  CHECK(curve::stable_decay(10, 4).factor(7) == 0.75);
  CHECK(curve::stable_decay(10, 4, 0.5).factor(8) == 0.75);
  CHECK(curve::stable_decay(10, 4, 0.5).factor(10) == 0.5);
  CHECK(curve::stable_decay(10, 10).factor(5) == 0.5);
}

TEST_CASE("curve: warm-up leads to where the other begins, and that then begins") {
  const optim::Curve warm = curve::warm_up(4, curve::multi_step({3}, 0.5));
  const std::vector<double> expected = {0, 0.25, 0.5, 0.75, 1, 1, 1, 0.5, 0.5};
  for (std::size_t t = 0; t < expected.size(); ++t)
    CHECK(warm.factor(static_cast<std::int64_t>(t)) == expected[t]);
  const optim::Curve low = curve::warm_up(2, curve::one_cycle(10, 0.5, 0.25, 0), 0.5);
  CHECK(low.factor(0) == 0.125);
  CHECK(low.factor(2) == 0.25);
  const optim::Curve twice = curve::warm_up(2, curve::warm_up(2, curve::constant(), 0.5), 0.5);
  CHECK(twice.factor(1) == 0.375);
  CHECK(twice.factor(3) == 0.75);
}

TEST_CASE("curve: describes itself") {
  CHECK(curve::warm_up(500, curve::cosine(10000, 0.1)).description() ==
        "warm_up(steps=500, start=0, then=cosine(steps=10000, end=0.1))");
  CHECK(curve::multi_step({30, 60}).description() == "multi_step(milestones=30 60, gamma=0.1)");
  CHECK(curve::one_cycle(100).description() ==
        "one_cycle(steps=100, rise=0.3, start=0.04, end=4e-06)");
  CHECK(curve::cosine_restarts(10, 2, 0.1).description() ==
        "cosine_restarts(first=10, growth=2, end=0.1)");
  CHECK(curve::linear(10).description() == "linear(steps=10, end=0)");
  CHECK(curve::polynomial(10, 2).description() == "polynomial(steps=10, power=2, end=0)");
  CHECK(curve::inverse_square_root(10).description() == "inverse_square_root(steps=10)");
  CHECK(curve::stable_decay(10, 2).description() == "stable_decay(steps=10, decay=2, end=0)");
  CHECK(curve::step(30).description() == "step(size=30, gamma=0.1)");
  CHECK(curve::exponential(0.5).description() == "exponential(gamma=0.5)");
  CHECK(curve::constant().description() == "constant()");
}

TEST_CASE("curve: lengths of zero and factors out of range are refused by name") {
  const auto refusal = [](auto make) { return error_of([&] { make(); }); };
  CHECK(refusal([] { curve::step(0); }) == "[step] size must be in [1, inf), got 0");
  CHECK(refusal([] { curve::step(3, -1); }) == "[step] gamma must be in [0, inf), got -1");
  CHECK(refusal([] { curve::multi_step({}); }) == "[multi_step] the list of milestones is empty");
  CHECK(refusal([] { curve::multi_step({0}); }) ==
        "[multi_step] milestones must increase from 1 on, got 0 after 0");
  CHECK(refusal([] {
          curve::multi_step({5, 5});
        }) == "[multi_step] milestones must increase from 1 on, got 5 after 5");
  CHECK(refusal([] { curve::exponential(std::nan("")); }) ==
        "[exponential] gamma must be in [0, inf), got nan");
  CHECK(refusal([] { curve::cosine(0); }) == "[cosine] steps must be in [1, inf), got 0");
  CHECK(refusal([] { curve::cosine(5, 1.5); }) == "[cosine] end must be in [0, 1], got 1.5");
  CHECK(refusal([] { curve::cosine_restarts(0); }) ==
        "[cosine_restarts] first must be in [1, inf), got 0");
  CHECK(refusal([] { curve::cosine_restarts(5, 0); }) ==
        "[cosine_restarts] growth must be in [1, inf), got 0");
  CHECK(refusal([] { curve::linear(0); }) == "[linear] steps must be in [1, inf), got 0");
  CHECK(refusal([] { curve::linear(5, -1); }) == "[linear] end must be in [0, 1], got -1");
  CHECK(refusal([] { curve::polynomial(5, -1); }) ==
        "[polynomial] power must be in [0, inf), got -1");
  CHECK(refusal([] { curve::inverse_square_root(0); }) ==
        "[inverse_square_root] steps must be in [1, inf), got 0");
  CHECK(refusal([] { curve::stable_decay(5, 6); }) ==
        "[stable_decay] decay must be at most steps, got 6 of 5 steps");
  CHECK(refusal([] { curve::warm_up(0, curve::constant()); }) ==
        "[warm_up] steps must be in [1, inf), got 0");
  CHECK(refusal([] { curve::warm_up(5, curve::constant(), -1); }) ==
        "[warm_up] start must be in [0, 1], got -1");
  CHECK(refusal([] { curve::one_cycle(0); }) == "[one_cycle] steps must be in [1, inf), got 0");
  CHECK(refusal([] { curve::one_cycle(3); }) ==
        "[one_cycle] rise must be above 1 / steps, got 0.3 of 3 steps");
  CHECK(refusal([] { curve::one_cycle(30, 1); }) == "[one_cycle] rise must be in [0, 1), got 1");
}

}  // namespace plumb::test
