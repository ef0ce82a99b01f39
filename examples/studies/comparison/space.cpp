#include "space.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <plumb/core/runtime/error.hpp>

#include "../../support/format.hpp"

namespace comparison {
namespace {

double to_three_digits(double value) { return std::strtod(format("%.2e", value).c_str(), nullptr); }

double between(double low, double high, double place) { return low * std::pow(high / low, place); }

// The digits of i in that base, mirrored at the point (van der Corput 1935).
double radical_inverse(std::int64_t i, int base) {
  double place = 0, unit = 1;
  for (; i > 0; i /= base) {
    unit /= base;
    place += unit * static_cast<double>(i % base);
  }
  return place;
}

constexpr int primes[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29};

}  // namespace

double Dimension::at(double place) const {
  if (!choices.empty()) return std::floor(place * static_cast<double>(choices.size()));
  if (scale == Scale::logarithmic) return to_three_digits(between(low, high, place));
  if (scale == Scale::from_one) return 1 - to_three_digits(between(1 - low, 1 - high, place));
  return to_three_digits(low + (high - low) * place);
}

std::string Dimension::text(double value) const {
  return choices.empty() ? format("%.6g", value) : choices[static_cast<std::size_t>(value)];
}

std::string Dimension::range() const {
  if (choices.empty()) return plumb::errors::text(low, "..", high);
  std::string all;
  for (const std::string& choice : choices) all += (all.empty() ? "" : "|") + choice;
  return all;
}

Scale scale_of(const std::string& name, double low, double high) {
  const char* const near_one[] = {"momentum", "dampening", "alpha",       "beta1",
                                  "beta2",    "beta3",     "adamw_beta1", "adamw_beta2"};
  if (high < 1 && std::find(std::begin(near_one), std::end(near_one), name) != std::end(near_one))
    return Scale::from_one;
  return low > 0 && name != "warm_up" ? Scale::logarithmic : Scale::linear;
}

std::vector<std::vector<double>> even_points(std::int64_t count, std::size_t dimensions,
                                             plumb::Generator& random) {
  if (dimensions > std::size(primes) + 1)
    plumb::errors::fail("even_points", "takes at most ", std::uint64_t{std::size(primes) + 1},
                        " dimensions, got ", std::uint64_t{dimensions});
  std::vector<double> shift(dimensions);
  for (double& each : shift) each = random.uniform();
  if (dimensions > 0) shift[0] /= static_cast<double>(count);  // stays within the first part
  std::vector<std::vector<double>> points;
  for (std::int64_t i = 0; i < count; ++i) {
    std::vector<double> point;
    for (std::size_t d = 0; d < dimensions; ++d) {
      const double place = d == 0 ? static_cast<double>(i) / static_cast<double>(count)
                                  : radical_inverse(i, primes[d - 1]);
      point.push_back(std::fmod(place + shift[d], 1.0));
    }
    points.push_back(point);
  }
  return points;
}

}  // namespace comparison
