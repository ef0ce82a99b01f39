#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/core/runtime/random.hpp>
#include <plumb/examples/studies/comparison/statistics.hpp>

namespace plumb::test {
namespace {

using namespace comparison;
using comparison::mean;  // there is a plumb::mean
using doctest::Approx;

double variance(const Values& values) {
  double squares = 0;
  for (const double value : values) squares += std::pow(value - mean(values), 2);
  return squares / static_cast<double>(values.size());
}

// Paired differences between two optimizers whose runs are as noisy as each other.
Values differences(Generator& random, double true_difference, double noise, int seeds) {
  Values all;
  for (int seed = 0; seed < seeds; ++seed)
    all.push_back(true_difference + noise * (random.normal() - random.normal()) / std::sqrt(2.0));
  return all;
}

// As a comparison of one optimizer with its baseline judges them.
Verdict judge(const Values& paired, double alpha = 0.02) {
  return verdict(paired, bca_interval(paired, mean, 0.95, 2000), holm({sign_flip_p(paired)})[0],
                 alpha);
}

}  // namespace

TEST_CASE("statistics: quantiles") {
  CHECK(quantile({4, 1, 3, 2}, 0.5) == 2.5);
  CHECK(quantile({4, 1, 3, 2}, 0.25) == 1.75);  // R: quantile(1:4, 0.25)
  CHECK(quantile({7}, 0.9) == 7);
  constexpr double never = std::numeric_limits<double>::infinity();
  CHECK(median({1, 2, never}) == 2);
  CHECK(median({1, never, never}) == never);
  CHECK(std::isnan(median({})));
}

TEST_CASE("statistics: Student's t as in the tables") {
  CHECK(student_quantile(0.975, 1) == Approx(12.706204736174696).epsilon(1e-11));
  CHECK(student_quantile(0.975, 9) == Approx(2.262157162798205).epsilon(1e-11));
  CHECK(student_quantile(0.05, 4) == Approx(-2.131846786326649).epsilon(1e-11));
  CHECK(student_quantile(0.995, 200) == Approx(2.600634436191535).epsilon(1e-11));
  // {1, 2, 3, 4}: 2.5 +- 3.182446 * 1.290994 / 2.
  const Interval interval = student_interval({1, 2, 3, 4});
  CHECK(interval.low == Approx(0.445739743).epsilon(1e-8));
  CHECK(interval.high == Approx(4.554260257).epsilon(1e-8));
}

TEST_CASE("statistics: order statistics about the median") {
  constexpr double never = std::numeric_limits<double>::infinity();
  // Of ten, the second and the ninth hold it with 97.9 %, the third and the eighth with 89.1 %.
  const Interval ten = median_interval({10, 9, 8, 7, 6, 5, 4, 3, 2, 1});
  CHECK(ten.low == 2);
  CHECK(ten.high == 9);
  CHECK(median_interval({10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 0.89).low == 3);
  const Interval twelve = median_interval({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, never, never});
  CHECK(twelve.low == 3);  // 96.1 %
  CHECK(twelve.high == 10);
  const Interval few = median_interval({3, 1, never});
  CHECK(few.low == 1);
  CHECK(few.high == never);
  CHECK(median_interval({7}).high == 7);
  CHECK_THROWS_WITH(median_interval({}), "[median_interval] needs at least one value");
}

TEST_CASE("statistics: BCa of the spatial test data of Efron & Tibshirani") {
  // 1993, table 14.1 and section 14.3: variance 171.5, acceleration 0.061, 90 % interval
  // (115.8, 259.6) from 2000 resamples. Ends from other resamples scatter by about 2.
  const Values spatial = {48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6,
                          0,  33, 28, 34, 4,  32, 24, 47, 41, 24, 26, 30, 41};
  CHECK(variance(spatial) == Approx(171.534).epsilon(1e-5));
  CHECK(acceleration(spatial, variance) == Approx(0.0612).epsilon(2e-3));
  const Interval interval = bca_interval(spatial, variance, 0.9, 20'000);
  CHECK(std::abs(interval.low - 115.8) < 3);
  CHECK(std::abs(interval.high - 259.6) < 6);
}

TEST_CASE("statistics: BCa of values without spread is a point") {
  const Interval interval = bca_interval({3, 3, 3}, mean);
  CHECK(interval.low == 3);
  CHECK(interval.high == 3);
  CHECK_THROWS_WITH(bca_interval({1}, mean), "[bca_interval] needs at least two values, got 1");
}

TEST_CASE("statistics: sign flips by hand, and Darwin's maize") {
  CHECK(sign_flip_p({1, 2, 3}) == 0.25);   // +++ and ---, of 8
  CHECK(sign_flip_p({1, -2, 3}) == 0.75);  // |sum| is 6, 4, 2 or 0
  CHECK(sign_flip_p({0, 0, 0}) == 1);
  CHECK(sign_flip_p({0.1, 0.2, 0.3, 0.4}) == 0.125);
  // Fisher 1935, section 21: 1726 of 2^15 patterns.
  CHECK(sign_flip_p({49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48}) ==
        1726.0 / 32768);
}

TEST_CASE("statistics: many sign flips are drawn") {
  Values paired(24, 1.0);
  CHECK(sign_flip_p(paired) < 1e-4);
  for (std::size_t i = 0; i < paired.size(); i += 2) paired[i] = -1;
  CHECK(sign_flip_p(paired) == 1);
  for (std::size_t i = 0; i < 8; i += 2) paired[i] = 1;
  // |sum| >= 8 of 24 signs: 16 or more alike, 2 * 1271626 / 2^24.
  CHECK(sign_flip_p(paired) == Approx(0.15158963).epsilon(0.03));
}

TEST_CASE("statistics: Holm's adjustment") {
  CHECK(holm({0.01, 0.04, 0.03, 0.005}) == Values{0.03, 0.06, 0.06, 0.02});
  CHECK(holm({0.5, 0.9}) == Values{1, 1});
  CHECK(holm({}).empty());
}

TEST_CASE("statistics: an optimizer against itself is undecided") {
  Generator random(1);
  int undecided = 0;
  for (int repetition = 0; repetition < 200; ++repetition)
    undecided += judge(differences(random, 0, 1, 10)) == Verdict::undecided ? 1 : 0;
  CHECK(undecided >= 190);
  CHECK(judge(Values(10, 0.0)) == Verdict::undecided);
}

TEST_CASE("statistics: a difference of three times the noise is found with ten seeds") {
  Generator random(2);
  int better = 0, worse = 0;
  for (int repetition = 0; repetition < 50; ++repetition) {
    better += judge(differences(random, -3, 1, 10)) == Verdict::better ? 1 : 0;
    worse += judge(differences(random, 3, 1, 10)) == Verdict::worse ? 1 : 0;
  }
  CHECK(better == 50);
  CHECK(worse == 50);
}

TEST_CASE("statistics: Welch's interval of Student's sleep data") {
  // R's t.test(extra ~ group, data = sleep).
  const Values first = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2};
  const Values second = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
  const Interval interval = welch_interval(first, second);
  CHECK(interval.low == Approx(-3.3654832).epsilon(1e-7));
  CHECK(interval.high == Approx(0.2054832).epsilon(1e-6));
  CHECK(welch_interval({2}, {1}).low == 1);
  CHECK(welch_interval({3}, first).high - 3 == Approx(-student_interval(first).low));
}

TEST_CASE("statistics: the least of k values, over all choices") {
  const Values values = {3, 1, 2, 7};
  CHECK(expected_least(values, 1) == 3.25);
  CHECK(expected_least(values, 2) == Approx((1 + 1 + 1 + 2 + 2 + 3) / 6.0));
  CHECK(expected_least(values, 3) == Approx((1 + 1 + 1 + 2) / 4.0));
  CHECK(expected_least(values, 4) == 1);
}

namespace {

// An optimizer whose trials differ by `tuning`, whose studies of 12 trials choose the best by one noisy
// run each, and whose choices are run with ten seeds, in which all optimizers have the noise `shared`.
Scores tuned(Generator& random, const Values& shared, double level, double tuning, double noise) {
  Scores scores;
  for (int study = 0; study < 3; ++study) {
    double chosen = 0, least = 1e9;
    for (int trial = 0; trial < 12; ++trial) {
      const double quality = level + tuning * std::abs(random.normal());
      const double seen = quality + noise * random.normal();
      if (seen < least) chosen = quality;
      least = std::min(least, seen);
    }
    scores.emplace_back();
    for (const double seed : shared)
      scores.back().push_back(chosen + seed + noise * random.normal());
  }
  return scores;
}

int undecided_of_200(double tuning, double noise) {
  Generator random(3);
  int undecided = 0;
  for (int repetition = 0; repetition < 200; ++repetition) {
    Values shared(10);
    for (double& each : shared) each = random.normal();
    const Scores a = tuned(random, shared, 20, tuning, noise);
    const Scores b = tuned(random, shared, 20, tuning, noise);
    undecided += comparison::judge({a}, b, 0.02, 500)[0].verdict == Verdict::undecided ? 1 : 0;
  }
  return undecided;
}

}  // namespace

TEST_CASE("statistics: an optimizer that was tuned twice is undecided against itself") {
  CHECK(undecided_of_200(0, 1) >= 190);
  CHECK(undecided_of_200(1, 0.1) >= 190);
  CHECK(undecided_of_200(3, 1) >= 190);
}

TEST_CASE("statistics: luck in one tuning is no difference, a difference in all is") {
  Generator random(4);
  Values shared(10);
  for (double& each : shared) each = random.normal();
  const auto runs = [&](double level) {
    Values all;
    for (const double seed : shared) all.push_back(level + seed + 0.1 * random.normal());
    return all;
  };
  const Scores baseline = {runs(20), runs(20.2), runs(19.9)};
  const Scores lucky = {runs(20), runs(16), runs(16.5)};  // two studies of three
  const std::vector<Judgement> one_tuning = comparison::judge({{lucky[1]}}, {baseline[0]}, 0.02);
  CHECK(one_tuning[0].verdict == Verdict::better);
  const Scores better = {runs(17), runs(17.2), runs(16.9)};
  const std::vector<Judgement> judged = comparison::judge({lucky, better}, baseline, 0.02);
  CHECK(judged[0].adjusted_p < 0.02);
  REQUIRE(judged[0].tuning);
  CHECK(judged[0].tuning->high > 0);
  CHECK(judged[0].verdict == Verdict::undecided);
  CHECK(judged[1].verdict == Verdict::better);
}

TEST_CASE("statistics: size of an effect, and pairs to find it") {
  CHECK(effect_size({1, 2, 3}) == 2);
  CHECK(effect_size({0, 0}) == 0);
  CHECK(pairs_to_find(1, 1, 0.05) == 8);   // (1.96 + 0.84)^2 = 7.85
  CHECK(pairs_to_find(1, 2, 0.05) == 32);  // 31.4
  CHECK(pairs_to_find(100, 1, 0.05) == 6);
}

}  // namespace plumb::test
