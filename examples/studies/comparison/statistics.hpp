// Statistics of few paired runs: intervals, an exact test, and what may be said.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace comparison {

using Values = std::vector<double>;

/// NaN for no values.
double mean(const Values& values);
/// With n - 1; 0 for fewer than two values.
double standard_deviation(const Values& values);
/// Linear between the order statistics (R's type 7), p in [0, 1]. Infinite values are in order too.
double quantile(Values values, double p);
inline double median(const Values& values) { return quantile(values, 0.5); }
/// The t with P(T < t) = p for Student's T, to about 1e-12; p in (0, 1), degrees of freedom >= 1.
double student_quantile(double p, double degrees);

struct Interval {
  double low, high;
};

/// mean +- t s / sqrt(n).
Interval student_interval(const Values& values, double level = 0.95);

/// What of an interval of a percentage is one.
Interval within_percent(const Interval& interval);

/// Of the difference of the means of two populations, a's minus b's, that may differ in variance
/// (Welch 1947). One value alone stands for a population without any.
Interval welch_interval(const Values& a, const Values& b, double level = 0.95);

/// Of the median, whatever the distribution: the innermost pair of order statistics, equally far
/// from both ends, that holds it with probability `level` or more (David & Nagaraja 2003, section
/// 7.1); the least and the largest value where there are too few. Values may be infinite.
Interval median_interval(Values values, double level = 0.95);

/// The bias-corrected and accelerated bootstrap interval (Efron 1987; Efron & Tibshirani 1993,
/// chapter 14) of a statistic of at least two values, from `resamples` resamples, in which a
/// resampled statistic that equals the observed one counts as half below it. Of values that give
/// equal statistics it is a point. Everything follows from the seed.
Interval bca_interval(const Values& values, const std::function<double(const Values&)>& statistic,
                      double level = 0.95, std::int64_t resamples = 10'000, std::uint64_t seed = 0);

/// The jackknife estimate of the acceleration that bca_interval uses; 0 where all agree.
double acceleration(const Values& values, const std::function<double(const Values&)>& statistic);

/// The two-sided p of the mean of paired differences when each is as likely to have the other sign
/// (Fisher 1935, section 21): the share of sign patterns whose |sum| is at least the observed one.
/// Exact, over all patterns, up to 20 differences, so never below 2^(1 - n); with more, from
/// 100,000 random patterns and the observed one.
double sign_flip_p(const Values& differences, std::uint64_t seed = 0);

/// Adjusted for several comparisons (Holm 1979), in the given order.
Values holm(const Values& p);

/// What may be said of a mean difference of something that should be small.
enum class Verdict : std::uint8_t { better, worse, undecided };

/// better or worse where the adjusted p is below `alpha` and the interval lies apart from 0;
/// undecided otherwise.
Verdict verdict(const Values& differences, const Interval& interval, double adjusted_p,
                double alpha);
std::string to_string(Verdict verdict);

/// The size of an effect in units of its noise: mean / standard deviation of the differences
/// (Cohen's d for pairs). 0 where both are 0.
double effect_size(const Values& differences);

/// The mean of the least of k of the values, over all choices of k: what the best of k trials is
/// expected to reach (Dodge et al. 2019, "Show your work", without replacement). 1 <= k <= their
/// number.
double expected_least(Values values, std::int64_t k);

/// What one set of paired differences says, among all sets that are judged together.
struct Judgement {
  double mean = 0;
  Interval interval{};    ///< BCa, 95 %, of the mean.
  double effect = 0;      ///< In standard deviations.
  double p = 1;           ///< Of the sign-flip test.
  double adjusted_p = 1;  ///< After Holm, over all sets.
  /// Of the mean, at level 1 - alpha, with the spread of tuning (Welch over the studies); of tuned
  /// optimizers only. What holds 0 is undecided.
  std::optional<Interval> tuning = {};
  Verdict verdict = Verdict::undecided;
};
std::vector<Judgement> judge(const std::vector<Values>& differences, double alpha,
                             std::int64_t resamples = 10'000);

/// What an optimizer reached with each seed, after each of the studies in which it was tuned.
using Scores = std::vector<Values>;
/// For every seed the median over the studies.
Values median_study(const Scores& scores);
/// The mean over the seeds, for every study.
Values means_of_studies(const Scores& scores);

/// What each of `others` says against the baseline: the differences of their median studies, judged
/// as above. Where either was tuned more than once, the difference must stand out from the spread of
/// tuning as well.
std::vector<Judgement> judge(const std::vector<Scores>& others, const Scores& baseline,
                             double alpha, std::int64_t resamples = 10'000);

/// How many pairs a mean difference of `difference` takes to be found in four comparisons of five,
/// at noise `deviation` and two-sided level alpha: ((z_(1 - alpha / 2) + z_0.8) deviation /
/// difference)^2, and no fewer than the sign-flip test needs to reach alpha at all.
std::int64_t pairs_to_find(double difference, double deviation, double alpha);

}  // namespace comparison
