#include "statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/random.hpp>

namespace comparison {
namespace {

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

// x with f(x) = p for a growing f, by halving an interval that is widened until it holds x.
template <class F>
double invert(const F& f, double p) {
  double low = -1, high = 1;
  while (f(low) > p) low *= 2;
  while (f(high) < p) high *= 2;
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = low + (high - low) / 2;
    (f(middle) < p ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

double normal_quantile(double p) { return invert(normal_cdf, p); }

// The regularized incomplete beta function by its continued fraction (Lentz's method), for x below
// (a + 1) / (a + b + 2).
double incomplete_beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  d = 1 / (std::abs(d) < tiny ? tiny : d);
  double fraction = d;
  const auto multiply = [&](double numerator) {
    d = 1 + numerator * d;
    d = 1 / (std::abs(d) < tiny ? tiny : d);
    c = 1 + numerator / c;
    if (std::abs(c) < tiny) c = tiny;
    fraction *= d * c;
    return std::abs(d * c - 1);
  };
  for (int m = 1; m <= 1000; ++m) {
    multiply(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)));
    if (multiply(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))) < 1e-15) break;
  }
  return fraction *
         std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) +
                  b * std::log1p(-x)) /
         a;
}

double incomplete_beta(double a, double b, double x) {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  return x < (a + 1) / (a + b + 2) ? incomplete_beta_fraction(a, b, x)
                                   : 1 - incomplete_beta_fraction(b, a, 1 - x);
}

double student_cdf(double t, double degrees) {
  const double tail = 0.5 * incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t));
  return t > 0 ? 1 - tail : tail;
}

double sum(const Values& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

}  // namespace

double mean(const Values& values) { return sum(values) / static_cast<double>(values.size()); }

double standard_deviation(const Values& values) {
  if (values.size() < 2) return 0;
  const double center = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - center) * (value - center);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double quantile(Values values, double p) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const double place = p * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const double share = place - static_cast<double>(below);
  // Without arithmetic where it is not needed: infinity - infinity is no quantile.
  if (share == 0 || values[below] == values[below + 1]) return values[below];
  return values[below] + share * (values[below + 1] - values[below]);
}

double student_quantile(double p, double degrees) {
  return invert([&](double t) { return student_cdf(t, degrees); }, p);
}

Interval within_percent(const Interval& interval) {
  return {std::max(interval.low, 0.0), std::min(interval.high, 100.0)};
}

Interval welch_interval(const Values& a, const Values& b, double level) {
  const double difference = mean(a) - mean(b);
  double variance = 0, squares = 0;  // of the difference; for its degrees of freedom
  for (const Values* values : {&a, &b}) {
    if (values->size() < 2) continue;
    const auto n = static_cast<double>(values->size());
    const double part = std::pow(standard_deviation(*values), 2) / n;
    variance += part;
    squares += part * part / (n - 1);
  }
  if (variance == 0) return {difference, difference};
  const double degrees = variance * variance / squares;
  const double margin = student_quantile(0.5 + level / 2, degrees) * std::sqrt(variance);
  return {difference - margin, difference + margin};
}

Interval student_interval(const Values& values, double level) {
  const double center = mean(values);
  if (values.size() < 2) return {center, center};
  const auto n = static_cast<double>(values.size());
  const double half =
      student_quantile(0.5 + level / 2, n - 1) * standard_deviation(values) / std::sqrt(n);
  return {center - half, center + half};
}

// The k-th least and the k-th largest miss the median with probability 2 P(heads < k), of n coins.
Interval median_interval(Values values, double level) {
  if (values.empty()) plumb::errors::fail("median_interval", "needs at least one value");
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  double heads = std::pow(0.5, static_cast<double>(n));  // P(heads = k)
  double below = 0;                                      // P(heads < k + 1)
  std::size_t k = 0;
  while (2 * (k + 1) <= n) {
    below += heads;
    if (1 - 2 * below < level) break;
    heads *= static_cast<double>(n - k) / static_cast<double>(k + 1);
    ++k;
  }
  if (k > 0) --k;  // counted from 0
  return {values[k], values[n - 1 - k]};
}

double acceleration(const Values& values, const std::function<double(const Values&)>& statistic) {
  Values without(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    Values rest = values;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
    without[i] = statistic(rest);
  }
  const double center = mean(without);
  double squares = 0, cubes = 0;
  for (const double value : without) {
    squares += (center - value) * (center - value);
    cubes += (center - value) * (center - value) * (center - value);
  }
  return squares == 0 ? 0 : cubes / (6 * std::pow(squares, 1.5));
}

Interval bca_interval(const Values& values, const std::function<double(const Values&)>& statistic,
                      double level, std::int64_t resamples, std::uint64_t seed) {
  if (values.size() < 2)
    plumb::errors::fail("bca_interval", "needs at least two values, got ",
                        static_cast<std::int64_t>(values.size()));
  const double observed = statistic(values);
  plumb::Generator random(seed, plumb::Stream::data);
  Values bootstrap(static_cast<std::size_t>(resamples)), resample(values.size());
  double below = 0;
  for (double& value : bootstrap) {
    for (double& drawn : resample)
      drawn =
          values[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(values.size())))];
    value = statistic(resample);
    below += value < observed ? 1 : (value == observed ? 0.5 : 0);
  }
  // Kept off 0 and 1, where an observed extreme would make the correction infinite.
  const auto n = static_cast<double>(resamples);
  const double bias = normal_quantile(std::clamp(below / n, 0.5 / n, 1 - 0.5 / n));
  const double a = acceleration(values, statistic);
  const auto end = [&](double p) {
    const double z = bias + normal_quantile(p);
    return quantile(bootstrap, normal_cdf(bias + z / (1 - a * z)));
  };
  return {end(0.5 - level / 2), end(0.5 + level / 2)};
}

double sign_flip_p(const Values& differences, std::uint64_t seed) {
  const std::size_t n = differences.size();
  // Sums of the same differences in another order may differ in the last bits.
  double magnitude = 0;
  for (const double difference : differences) magnitude += std::abs(difference);
  const double observed = std::abs(sum(differences)) - 1e-12 * magnitude;
  const auto extreme = [&](std::uint64_t signs) {
    double flipped = 0;
    for (std::size_t i = 0; i < n; ++i)
      flipped += (signs >> (i % 64) & 1) != 0 ? -differences[i] : differences[i];
    return std::abs(flipped) >= observed;
  };
  if (n <= 20) {
    const std::uint64_t patterns = std::uint64_t{1} << n;
    std::uint64_t count = 0;
    for (std::uint64_t signs = 0; signs < patterns; ++signs) count += extreme(signs) ? 1 : 0;
    return static_cast<double>(count) / static_cast<double>(patterns);
  }
  if (n > 64)
    plumb::errors::fail("sign_flip_p", "takes at most 64 differences, got ", std::uint64_t{n});
  constexpr int patterns = 100'000;
  plumb::Generator random(seed, plumb::Stream::data);
  int count = 1;  // the observed pattern
  for (int i = 0; i < patterns; ++i) count += extreme(random.next()) ? 1 : 0;
  return static_cast<double>(count) / (patterns + 1);
}

Values holm(const Values& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return p[i] < p[j]; });
  Values adjusted(p.size());
  double largest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, static_cast<double>(p.size() - rank) * p[order[rank]]);
    adjusted[order[rank]] = std::min(largest, 1.0);
  }
  return adjusted;
}

Verdict verdict(const Values& differences, const Interval& interval, double adjusted_p,
                double alpha) {
  if (!(adjusted_p < alpha)) return Verdict::undecided;
  if (mean(differences) < 0 && interval.high < 0) return Verdict::better;
  if (mean(differences) > 0 && interval.low > 0) return Verdict::worse;
  return Verdict::undecided;
}

std::string to_string(Verdict verdict) {
  if (verdict == Verdict::undecided) return "undecided";
  return verdict == Verdict::better ? "better" : "worse";
}

double effect_size(const Values& differences) {
  const double center = mean(differences);
  return center == 0 ? 0 : center / standard_deviation(differences);
}

std::vector<Judgement> judge(const std::vector<Values>& differences, double alpha,
                             std::int64_t resamples) {
  std::vector<Judgement> all;
  Values p;
  for (const Values& values : differences) {
    Judgement judgement;
    judgement.mean = mean(values);
    judgement.interval = bca_interval(values, mean, 0.95, resamples);
    judgement.effect = effect_size(values);
    judgement.p = sign_flip_p(values);
    p.push_back(judgement.p);
    all.push_back(judgement);
  }
  const Values adjusted = holm(p);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].adjusted_p = adjusted[i];
    all[i].verdict = verdict(differences[i], all[i].interval, adjusted[i], alpha);
  }
  return all;
}

double expected_least(Values values, std::int64_t k) {
  const auto n = static_cast<std::int64_t>(values.size());
  if (k < 1 || k > n) plumb::errors::fail("expected_least", "k must be in [1, ", n, "], got ", k);
  std::sort(values.begin(), values.end());
  // The i-th is the least of those chosen where it is and the others come from those behind it:
  // C(n - 1 - i, k - 1) of C(n, k) choices.
  double chance = static_cast<double>(k) / static_cast<double>(n), expected = 0;
  for (std::int64_t i = 0; i + k <= n; ++i) {
    expected += chance * values[static_cast<std::size_t>(i)];
    if (i + 1 < n) chance *= static_cast<double>(n - i - k) / static_cast<double>(n - 1 - i);
  }
  return expected;
}

Values median_study(const Scores& scores) {
  Values all;
  for (std::size_t seed = 0; seed < scores.front().size(); ++seed) {
    Values studies;
    for (const Values& study : scores) studies.push_back(study[seed]);
    all.push_back(median(studies));
  }
  return all;
}

Values means_of_studies(const Scores& scores) {
  Values all;
  for (const Values& study : scores) all.push_back(mean(study));
  return all;
}

std::vector<Judgement> judge(const std::vector<Scores>& others, const Scores& baseline,
                             double alpha, std::int64_t resamples) {
  const Values expected = median_study(baseline);
  std::vector<Values> differences;
  for (const Scores& scores : others) {
    differences.push_back(median_study(scores));
    for (std::size_t seed = 0; seed < expected.size(); ++seed)
      differences.back()[seed] -= expected[seed];
  }
  std::vector<Judgement> all = judge(differences, alpha, resamples);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (others[i].size() < 2 && baseline.size() < 2) continue;
    all[i].tuning =
        welch_interval(means_of_studies(others[i]), means_of_studies(baseline), 1 - alpha);
    if (all[i].tuning->low <= 0 && all[i].tuning->high >= 0) all[i].verdict = Verdict::undecided;
  }
  return all;
}

std::int64_t pairs_to_find(double difference, double deviation, double alpha) {
  const double z = normal_quantile(1 - alpha / 2) + normal_quantile(0.8);
  const double pairs = std::pow(z * deviation / difference, 2);
  const double possible = std::log2(2 / alpha) + 1e-9;  // 2^(1 - n) < alpha
  return static_cast<std::int64_t>(std::ceil(std::max(pairs, possible)));
}

}  // namespace comparison
